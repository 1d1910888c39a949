// Natural Earth I (Patterson, 2008): the polynomial by which build/world.ts projects the borders, for the dots on them.

const RADIANS = Math.PI / 180;

export function projector(scale: number, [left, top]: [number, number]) {
  return (longitude: number, latitude: number): [number, number] => {
    const l = longitude * RADIANS;
    const p = latitude * RADIANS;
    const p2 = p * p;
    const p4 = p2 * p2;
    return [
      left + scale * l * (0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4))),
      top - scale * p * (1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4))),
    ];
  };
}
