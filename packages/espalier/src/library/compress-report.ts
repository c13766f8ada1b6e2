import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { renderCompression } from "../report/compression.ts";
import { weightCounts } from "../report/layer-table.ts";
import { worsened } from "../tasks/measure.ts";
import type { CompressOptions, CompressResult } from "./compress.ts";
import type { ReportOptions } from "./report.ts";
import { lookAtSamples } from "./samples.ts";

/** What a report says of a compression beside its result. */
export interface CompressReportOptions extends Omit<ReportOptions, "files"> {
  /** The name of the file that was written. */
  readonly file: string;
  /** Bytes of the file that came. */
  readonly bytesBefore: number;
  /** From start to end. */
  readonly seconds: number;
  /** What was asked. */
  readonly asked: CompressOptions;
}

/**
 * Reports a compression as one HTML page that needs nothing else: the curve of size against fidelity that was walked,
 * what each layer got, and, where samples are pictures, a few of them with the outputs before and after.
 * @param source the network as it came
 */
export async function compressReport(
  engine: Engine,
  source: Model,
  data: Dataset | undefined,
  result: CompressResult,
  { asked, ...options }: CompressReportOptions,
): Promise<string> {
  const { model, contents, layers, curve, chosen, measure, fidelity, judged, labels, baseline, shared } = result;
  const { trials, trial } = result;
  const measured =
    measure && baseline && shared
      ? {
          measure,
          by: labels === "own" ? ("own" as const) : ("labels" as const),
          before: baseline.test,
          after: shared.test,
        }
      : undefined;
  const treated = new Set(layers.map(({ name }) => name));
  const wanted = typeof asked.measure === "string" ? asked.measure : undefined;
  return renderCompression({
    ...options,
    settings: settingsOf(asked, data),
    bytes: contents.length,
    walk: curve && measure ? { curve, chosen, limit: 100 - (asked.maxLoss ?? 0), measure } : undefined,
    trained: trials && measure ? { trials, chosen: trial, limit: limitOf(asked, result), measure } : undefined,
    fidelity: fidelity && measure ? { ...fidelity, measure } : undefined,
    judged: judged
      ? { measure: judged.measure, by: "labels", before: judged.baseline, after: judged.shared }
      : measured,
    layers,
    untouched: layersOf(model, { nested: true })
      .filter(({ name }) => !treated.has(name))
      .map(weightCounts),
    samples: data && layers.length > 0 ? await lookAtSamples(engine, source, model, data, wanted) : [],
  });
}

/** The worst value of the measure that was allowed. */
function limitOf({ maxLoss }: CompressOptions, { measure, baseline }: CompressResult): number | undefined {
  return measure && baseline && maxLoss !== undefined ? worsened(measure, baseline.validation, maxLoss) : undefined;
}

/** What was asked, in words. */
function settingsOf(asked: CompressOptions, data: Dataset | undefined): [string, string][] {
  const { maxLoss, measure, bits, biasBits, method, lambda, epochs, seed, unlabeled, trainRate, shift, flip, distill } =
    asked;
  const all: [string, string | undefined][] = [
    ["How far", maxLoss === undefined ? undefined : `${maxLoss} ${maxLoss === 1 ? "point" : "points"} of loss at most`],
    ["Measure", typeof measure === "string" ? measure : measure?.name],
    ["Bits", bits === undefined ? undefined : bitsText(bits)],
    ["Bits of biases", biasBits?.toString()],
    ["Method", unlabeled ? "layers fitted without labels" : trainRate ? "trained for the code" : method],
    ["Price of a bit", lambda?.toString()],
    ["Epochs", epochs?.toString()],
    ["Images", [shift ? `moved by up to ${shift} pixels` : [], flip ? "mirrored" : []].flat().join(", ") || undefined],
    ["Weight of the outputs as they were", distill?.toString()],
    [
      "Data",
      data &&
        `${data.name}: ${[data.train, data.validation, data.test].map(({ size }, i) => `${size.toLocaleString("en-US")} ${["train", "validation", "test"][i]}`).join(", ")}`,
    ],
    ["Seed", seed?.toString()],
  ];
  return all.flatMap(([name, text]) => (text === undefined ? [] : [[name, text]]));
}

function bitsText(bits: NonNullable<CompressOptions["bits"]>): string {
  if (typeof bits === "number") return String(bits);
  const pairs = Array.isArray(bits) ? bits : Object.entries(bits);
  return pairs.map(([layer, own]) => `${layer}: ${own}`).join(", ");
}
