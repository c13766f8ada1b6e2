import { encode } from "fast-png";
import { matches } from "../../tasks/fidelity/regions.ts";
import { type Html, html } from "../html.ts";
import { pngUri } from "../mask-image.ts";
import { type Picture, stepFor } from "./picture.ts";
import type { Said } from "./said.ts";

/** A sample with what two networks say of it. */
export interface SampleLook {
  /** Its place in the test split, from 0 on. */
  readonly index: number;
  readonly picture: Picture;
  readonly outputs: readonly { readonly name: string; readonly before: Said; readonly after: Said }[];
}

const STAGES = { before: "as it came", after: "compressed" } as const;
type Stage = keyof typeof STAGES;

/** A few samples, each with what the network said before and says after it was compressed. */
export function samplesSection(samples: readonly SampleLook[]): Html {
  const names = new Set(samples.flatMap(({ outputs }) => outputs.map(({ name }) => name)));
  return html`<h2>A few inputs, before and after</h2>
<p class="soft">Samples of the test split, evenly over those in which the network found something as it came.</p>
<div class="samples">${samples.map((sample) => sampleFigure(sample, names.size > 1))}</div>`;
}

function sampleFigure({ index, picture, outputs }: SampleLook, areNamed: boolean): Html {
  return html`${outputs.map(({ name, before, after }, i) => {
    const title = `Sample ${index + 1}${areNamed ? `, ${name}` : ""}`;
    const id = `sample-${index}-${i}`;
    const isDrawn = before.kind !== "words";
    const stages = (["before", "after"] as const).map((stage) => {
      const own = stage === "before" ? before : after;
      const text = sayings(own);
      const drawn = isDrawn ? drawing(picture, own, `${title}, ${STAGES[stage]}: ${text}`, id, stage) : html``;
      return html`<div>${drawn}<p><span class="soft">${STAGES[stage]}:</span> ${text}</p></div>`;
    });
    return html`<figure>${isDrawn ? html`` : drawing(picture, undefined, title, id, "before")}<div class="${isDrawn ? "pair" : "words"}">${stages}</div><figcaption>${title}: ${likeness(before, after)}</figcaption></figure>
`;
  })}`;
}

/** The picture with what is said of it drawn over it. The second time it is the first one's, used again. */
function drawing(
  { width, height, png }: Picture,
  over: Said | undefined,
  label: string,
  id: string,
  stage: Stage,
): Html {
  const image =
    stage === "before"
      ? html`<image id="${id}" href="${pngUri(png)}" width="${width}" height="${height}" preserveAspectRatio="none"/>`
      : html`<use href="#${id}"/>`;
  return html`<svg class="${width < 100 ? "small sample" : "sample"}" role="img" aria-label="${label}" viewBox="0 0 ${width} ${height}">${image}${over ? overlay(over, width, height) : html``}</svg>`;
}

function overlay(over: Said, width: number, height: number): Html {
  switch (over.kind) {
    case "boxes":
      return html`${over.boxes.map(([x1, y1, x2, y2]) => html`<rect x="${digits(x1 * width)}" y="${digits(y1 * height)}" width="${digits((x2 - x1) * width)}" height="${digits((y2 - y1) * height)}"/>`)}`;
    case "map":
      return html`<image href="${pngUri(mapPng(over))}" width="${width}" height="${height}" preserveAspectRatio="none"/>`;
    case "words":
      return html``;
  }
}

/** Magenta, which photographs have little of. */
const TINT = [214, 40, 160, 140] as const;

/** A tint where something is, and nothing elsewhere. */
function mapPng({ width, height, present }: Extract<Said, { kind: "map" }>): Uint8Array {
  const step = stepFor(width, height);
  const [columns, rows] = [Math.floor(width / step), Math.floor(height / step)];
  const data = new Uint8Array(columns * rows * 4);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      if (present[y * step * width + x * step] > 0) data.set(TINT, 4 * (y * columns + x));
    }
  }
  return encode({ width: columns, height: rows, data, channels: 4, depth: 8 });
}

/** What is said, in words. */
function sayings(own: Said): string {
  switch (own.kind) {
    case "boxes":
      return own.boxes.length === 1 ? "1 box" : `${own.boxes.length || "no"} boxes`;
    case "map":
      return `${((100 * areaOf(own)) / own.present.length).toFixed(1)}% of it`;
    case "words":
      return own.text;
  }
}

const areaOf = ({ present }: Extract<Said, { kind: "map" }>) => present.reduce((sum, value) => sum + value, 0);

/** How far both say the same, in words. */
function likeness(before: Said, after: Said): string {
  if (before.kind === "map" && after.kind === "map") {
    const common = before.present.reduce((sum, value, i) => sum + (value && after.present[i]), 0);
    const all = areaOf(before) + areaOf(after) - common;
    return all === 0
      ? "nothing is found in it"
      : `${((100 * common) / all).toFixed(1)}% of what either finds, both find`;
  }
  if (before.kind === "boxes" && after.kind === "boxes") {
    const all = Math.max(before.boxes.length, after.boxes.length);
    return all === 0 ? "nothing is found in it" : `${matches(after.boxes, before.boxes)} of ${all} boxes are in both`;
  }
  // Shares may differ a little in what says the same.
  const [a, b] = [before, after].map((own) => sayings(own).replace(/, [\d.]+%$/, ""));
  return a === b ? "the same" : "another";
}

const digits = (value: number) => String(Number(value.toFixed(1)));
