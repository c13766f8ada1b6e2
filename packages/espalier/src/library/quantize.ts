import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";
import type { Treatment } from "../quantization/treatment.ts";
import type { OutputFidelity } from "../tasks/fidelity/fidelity.ts";
import type { Measure } from "../tasks/measure.ts";
import { type Hooks, splitHooks } from "./hooks.ts";
import { checkWeights } from "./network.ts";
import { checkOptions } from "./options/option.ts";
import { quantizeOptions } from "./options/quantizing.ts";
import { quantizableForm } from "./quantizable.ts";
import { quantizeBySamples } from "./quantize-by-samples.ts";
import { quantizeUnseen } from "./quantize-unseen.ts";

export { quantizeOptions };

const schema = z.object(quantizeOptions);

/** To what, and how far the outputs may go from what they were. */
export type QuantizeOptions = z.input<typeof schema> & Hooks;
export type QuantizeChosen = z.output<typeof schema>;

/** What became of a layer. */
export interface QuantizedLayer {
  readonly name: string;
  readonly op: string;
  readonly weights: number;
  readonly as: Treatment;
  /** The error that each way brings to the outputs by itself, as a part of them, where that was tried; infinite where it is refused. */
  readonly errors?: Readonly<Partial<Record<Treatment, number>>>;
}

/** How far the outputs are what they were, in percent. */
export interface QuantizedFidelity {
  readonly validation: number;
  readonly test: number;
  readonly samples: number;
  readonly standardError: number;
  readonly outputs: readonly OutputFidelity[];
}

/** A network with smaller numbers. */
export interface QuantizeResult {
  readonly model: Model;
  readonly layers: readonly QuantizedLayer[];
  /** How far outputs are from what they were: of samples as a part of their size, of random inputs of the largest number. */
  readonly difference: number;
  /** By what the outputs were judged, where samples were given. */
  readonly measure?: Measure;
  readonly fidelity?: QuantizedFidelity;
  /** For int4: what the same network does whose weights are each rounded to the nearest, on the test split. */
  readonly nearest?: { readonly fidelity: number };
}

/**
 * Makes a network smaller, and mostly faster, in the form that ONNX Runtime runs: weights and values of eight bits,
 * weights of four, or halves. With samples it is chosen by accuracy how each layer is held, so that the outputs stay what
 * they were within some points of fidelity; no label is read. Without samples random inputs show whether the outputs are
 * the network's at all.
 * @throws the signal's reason; UserError where nothing can be quantized within the loss, for a network that is quantized
 *   already, for data that does not fit, and for an option that has no part in what is asked
 */
export async function quantize(
  engine: Engine,
  source: Model,
  data: Dataset | undefined,
  options: QuantizeOptions,
): Promise<QuantizeResult> {
  const { hooks, given } = splitHooks(options);
  const chosen = checkOptions(schema, given);
  for (const name of ["maxLoss", "measure"] as const) {
    if (data || chosen[name] === undefined) continue;
    throw new OptionsError((o) => `${o(name)} is about samples, of which none are given: add ${o("data")}.`);
  }
  if (chosen.block !== undefined && chosen.to !== "int4") {
    throw new OptionsError((o) => `${o("block")} is about int4, and not ${chosen.to}.`);
  }
  checkWeights(source);
  const base = await quantizableForm(engine, source);
  const found = await (data
    ? quantizeBySamples(engine, source, base, data, chosen, hooks)
    : quantizeUnseen(engine, source, base, chosen, hooks));
  if (found.layers.every(({ as }) => as === "float32")) {
    throw new UserError(
      `No layer of the network "${source.name}" can be ${chosen.to}${data ? ` within that loss of fidelity: allow more, or choose another type` : ": choose another type"}.`,
    );
  }
  return found;
}
