/// <reference lib="dom" />
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Html } from "./html.ts";

export const LEAF = "var(--leaf)";
export const WOOD = "var(--wood)";

/** Draws a plot as static SVG. */
export function draw(options: Plot.PlotOptions): Html {
  const { document } = parseHTML("<html><body></body></html>");
  const chart = Plot.plot({
    document,
    style: { background: "none", fontSize: "12px", overflow: "visible" },
    ...options,
  });
  return new Html(chart.outerHTML);
}
