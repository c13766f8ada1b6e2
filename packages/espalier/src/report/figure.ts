import { type Html, html } from "./html.ts";

/** Colours of a figure that stands alone, by the reader's light or dark preference. */
const STYLE = `<style>
svg { --leaf: #2f7d4f; --wood: #b3632b; color: #1d2a23; background: #fbfcfa; font-family: system-ui, sans-serif; }
@media (prefers-color-scheme: dark) { svg { --leaf: #6cc48f; --wood: #e39a63; color: #e6ede8; background: #141a17; } }
</style>`;

/** A chart as an SVG file. */
export function standalone(chart: Html, title: string): string {
  return chart.markup.replace(/^<svg([^>]*)>/, (_, attributes: string) => {
    const named = attributes.includes("xmlns=") ? attributes : `${attributes} xmlns="http://www.w3.org/2000/svg"`;
    return `<svg${named}>${html`<title>${title}</title>`.markup}${STYLE}`;
  });
}
