// The language that the page is in, for every component of it.

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { type Tongue, tongue } from "./tongue.ts";

export const Speech = createContext<Tongue>(tongue("en", []));
export const useTongue = () => useContext(Speech);
