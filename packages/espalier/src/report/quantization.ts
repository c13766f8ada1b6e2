import type { OutputFidelity } from "../tasks/fidelity/fidelity.ts";
import type { Measure } from "../tasks/measure.ts";
import { errorText, fidelityText, nameText } from "../tasks/words.ts";
import { askedSection, bytesText, commandLine, headline } from "./figures.ts";
import { type Html, html } from "./html.ts";
import { page } from "./page.ts";
import { type SampleLook, samplesSection } from "./samples/render.ts";
import { table } from "./table.ts";

/** A layer as the page tells of it. */
interface HeldLayer {
  readonly name: string;
  readonly op: string;
  readonly weights: number;
  readonly as: string;
  readonly errors?: Readonly<Record<string, number | undefined>>;
}

/** All that the page of a quantization shows. Sizes are bytes, fidelities percent. */
export interface QuantizationReport {
  readonly title: string;
  /** The command that was given. */
  readonly command: string;
  /** What was asked, in words. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly bytesBefore: number;
  readonly bytes: number;
  readonly file: string;
  readonly seconds: number;
  /** Where samples were given. */
  readonly fidelity?: {
    readonly measure: Pick<Measure, "name" | "unit">;
    readonly validation: number;
    readonly test: number;
    readonly standardError: number;
    readonly samples: number;
    readonly outputs: readonly OutputFidelity[];
  };
  /** Of outputs, as a part of them. */
  readonly difference: number;
  readonly layers: readonly HeldLayer[];
  readonly samples: readonly SampleLook[];
}

/** Renders a quantization as one HTML page that needs nothing else. */
export function renderQuantization(report: QuantizationReport): string {
  const { title, command, settings, samples, layers } = report;
  return page(
    `${title}: ${rateText(report)} smaller`,
    html`<h1>${title}, quantized</h1>
${commandLine(command)}
${headline(figuresOf(report))}
${samples.length > 0 ? samplesSection(samples) : html``}
${layersSection(layers)}
${askedSection(settings)}`,
  );
}

const rateText = ({ bytesBefore, bytes }: QuantizationReport) => `${(bytesBefore / bytes).toFixed(1)}x`;

function figuresOf(report: QuantizationReport): [string, string][] {
  const { bytesBefore, bytes, file, fidelity, difference, seconds, layers } = report;
  const left = layers.filter(({ as }) => as === "float32").length;
  const same: [string, string][] = fidelity
    ? [
        [
          fidelityText(fidelity.test),
          `the same by ${nameText(fidelity.measure)} (±${fidelityText(fidelity.standardError)}) on ${fidelity.samples.toLocaleString("en-US")} test samples`,
        ],
        [fidelityText(fidelity.validation), "on validation samples, by which it was chosen"],
      ]
    : [[`${(100 * difference).toPrecision(2)}%`, "of the largest output differs at most, on random inputs"]];
  return [
    [rateText(report), "smaller"],
    [bytesText(bytes), `${file}; ${bytesText(bytesBefore)} before`],
    ...same,
    [`${left} of ${layers.length}`, "layers left in float32"],
    [`${Math.round(seconds)} s`, "from start to end"],
  ];
}

function layersSection(layers: readonly HeldLayer[]): Html {
  const ways = [...new Set(layers.flatMap(({ errors }) => Object.keys(errors ?? {})))];
  const errorOf = ({ errors }: HeldLayer, way: string) => {
    const error = errors?.[way];
    return error === undefined ? "" : errorText(error);
  };
  return html`<h2>How each layer is held</h2>
${table({
  label: "How each layer is held",
  head: ["layer", "operator", "held as", "weights", ...ways.map((way) => `error by itself, ${way}`)],
  rows: layers.map((layer) => [
    layer.name,
    layer.op,
    layer.as,
    layer.weights,
    ...ways.map((way) => errorOf(layer, way)),
  ]),
  words: [1, 2],
})}
${ways.length > 0 ? html`<p class="soft">An error is that of the outputs as a part of them, with all other layers as they came.</p>` : html``}`;
}
