import { type Chart, drawn, WIDE } from "./chart.ts";
import { variables } from "./colours.ts";

/** Colours of a figure that stands alone, by the reader's light or dark preference. */
const STYLE = `<style>
svg { ${variables("light")} color: var(--ink); background: var(--paper); font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { ${variables("dark")} } }
</style>`;

/** A chart as an SVG file. */
export function standalone(chart: Chart, title: string): string {
  return drawn(chart, title, WIDE).markup.replace(/^<svg([^>]*)>/, (_, attributes: string) => {
    const named = attributes.includes("xmlns=") ? attributes : `${attributes} xmlns="http://www.w3.org/2000/svg"`;
    return `<svg${named}>${STYLE}`;
  });
}
