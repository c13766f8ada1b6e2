import { type Html, html } from "./html.ts";
import { table } from "./table.ts";

/** What a page tells of a network that is smaller in every runtime. */
export interface ShrunkReport {
  /** Units of each layer. */
  readonly units?: readonly { readonly name: string; readonly before: number; readonly after: number }[];
  /** Multiply-accumulate operations of a sample. */
  readonly macs?: { readonly before: number; readonly after: number };
  /** Milliseconds of a run. */
  readonly speed?: {
    readonly runtime: string;
    readonly batch: number;
    readonly before: number;
    readonly after: number;
  };
}

/** The figures of it that a page begins with. */
export function shrunkFigures({ macs, speed }: ShrunkReport): [string, string][] {
  return [
    ...(speed
      ? [
          [
            `${(speed.before / speed.after).toFixed(2)}x`,
            `as fast in ${speed.runtime} at batch ${speed.batch}: ${speed.before.toFixed(2)} ms before, ${speed.after.toFixed(2)} ms after`,
          ] satisfies [string, string],
        ]
      : []),
    ...(macs
      ? [
          [
            `${(macs.before / macs.after).toFixed(2)}x`,
            `fewer operations: ${Math.round(macs.before).toLocaleString("en-US")} before, ${Math.round(macs.after).toLocaleString("en-US")} after`,
          ] satisfies [string, string],
        ]
      : []),
  ];
}

/** How many units each layer has left; nothing where none were removed by choice. */
export function shrunkSection({ units }: ShrunkReport): Html {
  if (!units) return html``;
  return html`<h2>Units of each layer</h2>
${table({
  label: "Units of each layer",
  head: ["layer", "before", "after", "left"],
  rows: units.map(({ name, before, after }) => [name, before, after, `${((100 * after) / before).toFixed(1)}%`]),
})}`;
}
