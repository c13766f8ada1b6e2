/** A colour on light and on dark paper. Text and series differ from both papers by 4.5:1 or more (WCAG 2.2, 1.4.3). */
export interface Colour {
  readonly light: string;
  readonly dark: string;
}

/** The colours of reports and figures, by the names of their variables. */
export const colours: Readonly<Record<string, Colour>> = {
  ink: { light: "#1d2a23", dark: "#e6ede8" },
  soft: { light: "#5a675f", dark: "#9aa89f" },
  line: { light: "#dfe5e0", dark: "#313b35" },
  shade: { light: "#1d2a2359", dark: "#000000b3" },
  paper: { light: "#fbfcfa", dark: "#141a17" },
  card: { light: "#ffffff", dark: "#1b231f" },
  leaf: { light: "#2b7549", dark: "#6cc48f" },
  wood: { light: "#a4561f", dark: "#e39a63" },
};

/** The colours of series, in the order in which they are taken. */
export const seriesColours: readonly Colour[] = [
  { light: "#1f66b0", dark: "#7db6f2" },
  { light: "#a4561f", dark: "#e39a63" },
  { light: "#2b7549", dark: "#6cc48f" },
  { light: "#8a3fa8", dark: "#d09aec" },
  { light: "#b4292f", dark: "#f58f8c" },
  { light: "#0b7480", dark: "#5cc7d1" },
  { light: "#746000", dark: "#d3bd4a" },
  { light: "#5c5f66", dark: "#b3b8bf" },
];

export const LEAF = "var(--leaf)";
export const WOOD = "var(--wood)";

/** The variables of all colours for a reader who prefers light or dark. */
export function variables(scheme: keyof Colour): string {
  const named = Object.entries(colours).map(([name, colour]) => `--${name}: ${colour[scheme]};`);
  const series = seriesColours.map((colour, i) => `--series-${i + 1}: ${colour[scheme]};`);
  return [...named, ...series].join(" ");
}

/** What tells a series from others: its colour, and how its line is dashed. */
export interface Look {
  readonly colour: string;
  /** As `stroke-dasharray`. */
  readonly dash: string;
}

/** Of another number than the colours: neighbours differ in both. */
const DASHES = ["none", "7 3", "2 3"];

/** The look of the series at a place. */
export function lookOf(place: number): Look {
  return {
    colour: `var(--series-${(place % seriesColours.length) + 1})`,
    dash: DASHES[place % DASHES.length],
  };
}
