// What a page is called: its title, else the one it reports of itself, which only the owner is told, else its address. Pure.

export interface Called {
  path: string;
  title: string;
  reported?: string;
}

export const nameOf = ({ path, title, reported }: Called) => reported || title || path;
