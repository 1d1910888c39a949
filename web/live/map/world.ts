// What build/world.ts makes and the map draws. All lengths are tenths of a pixel on a map `width` pixels wide.

export interface World {
  width: number; // pixels
  height: number;
  scale: number; // of the projection, as are the two numbers of translate
  translate: [number, number];
  countries: [code: string, outline: string][];
  /** Where a country is shown of which only the name is known. */
  points: Record<string, [x: number, y: number]>;
}
