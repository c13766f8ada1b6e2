import type { RateTrial } from "../sharing/rate/walk.ts";
import type { SharedRow } from "../sharing/rows.ts";
import type { CurvePoint } from "../sharing/scaled/walk-curve.ts";
import type { OutputFidelity } from "../tasks/fidelity/fidelity.ts";
import type { Measure } from "../tasks/measure.ts";
import { fidelityText, nameText, valueText } from "../tasks/words.ts";
import { renderChart } from "./chart.ts";
import { askedSection, bytesText, commandLine, headline } from "./figures.ts";
import { type Html, html } from "./html.ts";
import { page } from "./page.ts";
import { rateCurve } from "./rate-curve.ts";
import { type SampleLook, samplesSection } from "./samples/render.ts";
import { sizeCurve } from "./size-curve.ts";
import { table } from "./table.ts";

type Judge = Pick<Measure, "name" | "unit">;

/** All that the page of a compression shows. Sizes are bytes, fidelities percent. */
export interface CompressionReport {
  readonly title: string;
  /** The command that was given. */
  readonly command: string;
  /** What was asked, in words. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly bytesBefore: number;
  readonly bytes: number;
  readonly file: string;
  readonly seconds: number;
  /** Of networks that were walked by size, with the lowest fidelity that was allowed. */
  readonly walk?: {
    readonly curve: readonly CurvePoint[];
    readonly chosen?: CurvePoint;
    readonly limit: number;
    readonly measure: Judge;
  };
  /** Of networks that were trained at prices of a bit, with the worst value of the measure that was allowed. */
  readonly trained?: {
    readonly trials: readonly RateTrial[];
    readonly chosen?: RateTrial;
    readonly limit?: number;
    readonly measure: Judge;
  };
  readonly fidelity?: {
    readonly measure: Judge;
    readonly validation: number;
    readonly test: number;
    readonly standardError: number;
    readonly samples: number;
    readonly outputs: readonly OutputFidelity[];
  };
  /** By labels, or by what the network itself said: on the test split, before and after. */
  readonly judged?: {
    readonly measure: Judge;
    readonly by: "labels" | "own";
    readonly before: number;
    readonly after: number;
  };
  readonly layers: readonly SharedRow[];
  /** Layers that are as they came, with their numbers of weights. */
  readonly untouched: readonly { readonly name: string; readonly weights: number; readonly kept: number }[];
  readonly samples: readonly SampleLook[];
}

/** Renders a compression as one HTML page that needs nothing else. */
export function renderCompression(report: CompressionReport): string {
  const { title, command, settings, walk, trained, fidelity, samples } = report;
  return page(
    `${title}: ${rateText(report)} smaller`,
    html`<h1>${title}, compressed</h1>
${commandLine(command)}
${headline(figuresOf(report))}
${walk && walk.curve.length > 0 ? walkSection(walk) : html``}
${trained && trained.trials.length > 0 ? trainedSection(trained) : html``}
${fidelity && fidelity.outputs.length > 1 ? outputsSection(fidelity.outputs) : html``}
${samples.length > 0 ? samplesSection(samples) : html``}
${layersSection(report)}
${askedSection(settings)}`,
  );
}

const rateText = ({ bytesBefore, bytes }: CompressionReport) => `${(bytesBefore / bytes).toFixed(1)}x`;

function figuresOf(report: CompressionReport): [string, string][] {
  const { bytesBefore, bytes, file, fidelity, judged, seconds } = report;
  const same: [string, string][] = fidelity
    ? [
        [
          fidelityText(fidelity.test),
          `the same by ${nameText(fidelity.measure)} (±${fidelityText(fidelity.standardError)}) on ${fidelity.samples.toLocaleString("en-US")} test samples`,
        ],
        [fidelityText(fidelity.validation), "on validation samples, by which it was chosen"],
      ]
    : [];
  const right: [string, string][] = judged
    ? [
        [
          valueText(judged.measure, judged.after),
          `test ${nameText(judged.measure)}${judged.by === "own" ? " against its own outputs" : " by the labels"}; ${valueText(judged.measure, judged.before)} before`,
        ],
      ]
    : [];
  return [
    [rateText(report), "smaller"],
    [bytesText(bytes), `${file}; ${bytesText(bytesBefore)} before`],
    ...same,
    ...right,
    [`${Math.round(seconds)} s`, "from start to end"],
  ];
}

function walkSection({ curve, chosen, limit, measure }: NonNullable<CompressionReport["walk"]>): Html {
  const imitated = curve.some(({ epochs }) => epochs > 0);
  const cut = curve.some(({ cut, epochs }) => cut > 0 && epochs === 0);
  return html`<h2>Size against fidelity</h2>
${renderChart(sizeCurve(curve, chosen, { limit, measure: nameText(measure) }), "Size against fidelity")}
<p class="soft">Each network that was tried, on the validation split; ${chosen ? "the green one was chosen" : "none was near enough, so the weights are as they came"}, hollow ones were too far off.
${cut ? "Squares are networks of which connections were cut before the others were rounded." : ""}
${imitated ? "Triangles are networks that were trained to imitate the one that came." : ""}</p>`;
}

function trainedSection({ trials, chosen, limit, measure }: NonNullable<CompressionReport["trained"]>): Html {
  return html`<h2>Size against ${nameText(measure)}</h2>
${renderChart(rateCurve(trials, chosen, { limit, measure }), `Size against ${nameText(measure)}`)}
<p class="soft">Each network was trained at a price of a bit; ${chosen ? "the green one was chosen" : "none was good enough, so the weights are as they came"}${trials.every(({ accepted }) => accepted) ? "" : ", hollow ones were too much worse"}.</p>`;
}

function outputsSection(outputs: readonly OutputFidelity[]): Html {
  return html`<h2>Each output</h2>
${table({
  label: "How far each output is the same",
  head: ["output", "measure", "on test samples", "relative error"],
  rows: outputs.map(({ name, measure, value, relativeError, empty }) => [
    name,
    measure,
    empty ? "nothing to compare" : fidelityText(value),
    `${(100 * relativeError).toPrecision(3)}%`,
  ]),
  words: [1],
})}`;
}

const KINDS = {
  scaled: "whole numbers × scales",
  predicted: "expected from others",
  codebook: "from a codebook",
} as const;

function layersSection({ layers, untouched }: CompressionReport): Html {
  if (layers.length + untouched.length === 0) return html``;
  const sum = (of: (row: SharedRow) => number) => layers.reduce((total, row) => total + of(row), 0);
  const [weights, bytes] = [sum((row) => row.weights), sum((row) => row.bytes)];
  const plain = untouched.reduce((total, row) => total + row.weights, 0);
  return html`<h2>What each layer got</h2>
${table({
  label: "What each layer got",
  head: ["layer", "its weights are", "weights", "not zero", "values", "bits per weight", "size, about"],
  rows: [
    ...layers.map((row) => [
      row.name,
      KINDS[row.kind],
      row.weights,
      share(row.kept / row.weights),
      row.values,
      ((8 * row.bytes) / row.weights).toFixed(2),
      bytesText(row.bytes),
    ]),
    ...untouched.map((row) => [
      row.name,
      "as they came",
      row.weights,
      share(row.kept / row.weights),
      "",
      "32",
      bytesText(4 * row.weights),
    ]),
    [
      "total",
      "",
      weights + plain,
      "",
      "",
      ((8 * bytes + 32 * plain) / (weights + plain)).toFixed(2),
      bytesText(bytes + 4 * plain),
    ],
  ],
  words: [1],
  total: true,
})}
<p class="soft">Bits are those of the codes' entropy, with scales or codebooks; the file's coder, which looks at neighbours too, often needs fewer.</p>`;
}

const share = (part: number) => `${(100 * part).toFixed(1)}%`;
