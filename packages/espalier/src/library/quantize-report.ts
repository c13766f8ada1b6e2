import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { renderQuantization } from "../report/quantization.ts";
import { QUANTIZING_LOSS } from "./options/quantizing.ts";
import type { QuantizeOptions, QuantizeResult } from "./quantize.ts";
import type { ReportOptions } from "./report.ts";
import { lookAtSamples } from "./samples.ts";

/** What a report says of a quantization beside its result. */
export interface QuantizeReportOptions extends Omit<ReportOptions, "files"> {
  /** The name of the file that was written. */
  readonly file: string;
  readonly bytes: number;
  /** Bytes of the file that came. */
  readonly bytesBefore: number;
  /** From start to end. */
  readonly seconds: number;
  /** What was asked. */
  readonly asked: QuantizeOptions;
}

/**
 * Reports a quantization as one HTML page that needs nothing else: how near the outputs are, how each layer is held and
 * what it costs, and, where samples are pictures, a few of them with the outputs before and after.
 * @param source the network as it came
 */
export async function quantizeReport(
  engine: Engine,
  source: Model,
  data: Dataset | undefined,
  result: QuantizeResult,
  { asked, ...options }: QuantizeReportOptions,
): Promise<string> {
  const { model, layers, difference, measure, fidelity } = result;
  const wanted = typeof asked.measure === "string" ? asked.measure : undefined;
  return renderQuantization({
    ...options,
    settings: settingsOf(asked, data),
    ...{ layers, difference },
    fidelity: fidelity && measure && { ...fidelity, measure },
    samples: data ? await lookAtSamples(engine, source, model, data, wanted) : [],
  });
}

/** What was asked, in words. */
function settingsOf({ to, maxLoss, measure, block, seed }: QuantizeOptions, data: Dataset | undefined) {
  const loss = data && (maxLoss ?? QUANTIZING_LOSS);
  const all: [string, string | undefined][] = [
    ["To", to],
    ["How far", loss === undefined ? undefined : `${loss} ${loss === 1 ? "point" : "points"} of loss at most`],
    ["Measure", typeof measure === "string" ? measure : measure?.name],
    ["Block", to === "int4" ? block?.toString() : undefined],
    ["Data", data?.name],
    ["Seed", seed?.toString()],
  ];
  return all.flatMap(([name, text]): [string, string][] => (text === undefined ? [] : [[name, text]]));
}
