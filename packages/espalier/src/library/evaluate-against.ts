import { z } from "zod";
import { batchThatFits } from "../adoption/batch.ts";
import { type Head, headsOf } from "../adoption/heads.ts";
import { forSamples, forStream } from "../adoption/samples.ts";
import { carriedStates } from "../adoption/states.ts";
import { batchFor, type Dataset, type Split } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { simplify } from "../engine/simplify.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { toFloat32 } from "../onnx/half.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { judgesFor } from "../tasks/fidelity/choose.ts";
import { type Fidelity, fidelityOf, type OutputFidelity, ownFidelity } from "../tasks/fidelity/fidelity.ts";
import { blanksIn } from "../tasks/fidelity/positions.ts";
import type { Measure } from "../tasks/measure.ts";
import { Evaluator, type RunBatch } from "../training/evaluate.ts";
import { notFinite } from "../training/not-finite.ts";
import { type Hooks, splitHooks } from "./hooks.ts";
import { checkOptions } from "./options/option.ts";
import { splitOption, taskOptions } from "./options/task.ts";

/** The options of {@link evaluateAgainst}. */
export const evaluateAgainstOptions = { measure: taskOptions.measure, split: splitOption };

const schema = z.object(evaluateAgainstOptions);

/** Which split, and by what the outputs are compared. */
export type EvaluateAgainstOptions = z.input<typeof schema> & Hooks;

/** How far a network's outputs are those of another. */
export interface EvaluateAgainstResult {
  readonly samples: number;
  /** In percent: of several outputs that of the worst. */
  readonly fidelity: number;
  /** One standard error of it, from so many samples. */
  readonly standardError: number;
  /** By what the networks were compared. */
  readonly measure: Measure;
  readonly outputs: readonly OutputFidelity[];
}

/** Samples of which the reference's outputs tell what they are. */
const LOOK = 32;

/**
 * Compares all outputs of a network with those of another on the same samples: of one that was made smaller, say, with
 * those of the network as it came. No target is read. States that a caller would carry are carried through each recording
 * where the data says that samples follow each other; else they are zero for each sample.
 * @param against the network whose outputs are right
 * @throws UserError when the data does not fit the networks, or their outputs each other, or an option is not valid
 */
export async function evaluateAgainst(
  engine: Engine,
  model: Model,
  against: Model,
  given: Dataset,
  options: EvaluateAgainstOptions = {},
): Promise<EvaluateAgainstResult> {
  const { hooks, given: chosen } = splitHooks(options);
  const { measure: wanted, split: part } = checkOptions(schema, chosen);
  const note = (text: string) => hooks.onProgress?.({ kind: "note", text });
  const data = { ...given, targets: [] };
  const split = given[part];
  for (const { input, output } of carriedStates(against, data)) {
    note(
      split.stream
        ? `The state "${input}" is carried: it is zero where a recording begins, then what "${output}" gives, which is not compared.`
        : `The state "${input}" is zero for each sample, and what becomes of it, "${output}", is not compared.`,
    );
  }
  const [own, right] = [forSamples(model, data), forSamples(against, data)];
  const single = await simplify(engine, right, { batch: 1 });
  const fits = await batchThatFits(engine, right, single, Math.min(batchFor(data), split.size));
  const batch = await batchThatFits(engine, own, single, fits);
  const heads = headsOf(single);
  const evaluators: Evaluator[] = [];
  try {
    const run = split.stream ? [forStream(against, data), forStream(model, data)] : [right, own];
    for (const network of run) evaluators.push(await Evaluator.create(engine, network, data, [], { batch }));
    const [reference, evaluator] = evaluators;
    const order = orderOf(own, right);
    const blanks = wanted === undefined ? await blanksOn(reference, split, heads) : () => 0;
    const fidelity = measureOf(heads, wanted, blanks, note);
    const tally = fidelity.tally(split);
    const targets = reference.outputs(split);
    let samples = 0;
    for await (const result of evaluator.outputs(split)) {
      hooks.signal?.throwIfAborted();
      const { value } = await targets.next();
      if (!value) break;
      const outputs = order.map((place) => result.outputs[place]);
      checkSizes(heads, outputs, value);
      tally.add({ outputs, targets: value.outputs, samples: result.samples, batch });
      samples += result.samples;
    }
    const { figures, outputs } = tally.result();
    if (![figures.fidelity, ...outputs.map(({ relativeError }) => relativeError)].every(Number.isFinite)) {
      throw await notFinite(
        data,
        split,
        "The outputs cannot be compared, as some are not finite, or all of the reference's are zero: check the networks' weights.",
      );
    }
    for (const { name, measure, empty } of outputs) {
      if (empty) note(`In none of the ${samples} samples does ${measure} find anything to compare in "${name}".`);
    }
    const { fidelity: value, standardError } = figures;
    return { samples, fidelity: value, standardError, measure: fidelity, outputs };
  } finally {
    for (const evaluator of evaluators) await evaluator.release();
  }
}

function measureOf(
  heads: readonly Head[],
  wanted: string | Measure | undefined,
  blanks: (output: number) => number,
  note: (text: string) => void,
): Fidelity {
  if (typeof wanted === "object") return ownFidelity(heads, wanted);
  const judges = judgesFor(heads, wanted, blanks);
  for (const { measure, outputs, why, counts } of judges) {
    const names = outputs.map((i) => `"${heads[i].name}"`).join(" and ");
    const subject = outputs.length === 1 ? `The output ${names} is` : `The outputs ${names} are`;
    if (why) note(`${subject} judged by ${measure.name}, as ${why}.`);
    if (!counts) note(`The output ${names} is none that ${wanted} judges, and does not count.`);
  }
  return fidelityOf(heads, judges);
}

/** The part of each output's positions, on the first samples, at which class 0 is the likeliest. */
async function blanksOn(reference: Evaluator, split: Split, heads: readonly Head[]) {
  const counts = heads.map(() => ({ blanks: 0, all: 0 }));
  let looked = 0;
  for await (const { outputs, samples } of reference.outputs(split)) {
    for (const [i, head] of heads.entries()) {
      const values = toFloat32(outputs[i])?.data;
      if (!values || head.kind === "whole" || head.classes < 2) continue;
      const { blanks, all } = blanksIn(values, head);
      counts[i].blanks += blanks;
      counts[i].all += all;
    }
    looked += samples;
    if (looked >= LOOK) break;
  }
  return (output: number) => counts[output].blanks / Math.max(1, counts[output].all);
}

/**
 * Where each output of the reference is among the network's: by its name, or by its place where the names differ.
 * @throws UserError where there are not as many
 */
function orderOf(own: Model, right: Model): number[] {
  const places = right.outputs.map(({ name }) => own.outputs.findIndex((output) => output.name === name));
  if (!places.includes(-1)) return places;
  if (own.outputs.length === right.outputs.length) return own.outputs.map((_, i) => i);
  const list = ({ outputs }: Model) => outputs.map(({ name }) => `"${name}"`).join(", ");
  throw new UserError(
    `The networks have the outputs ${list(own)} and ${list(right)}: compare networks with the same outputs.`,
  );
}

function checkSizes(heads: readonly Head[], outputs: readonly NumericTensor[], { outputs: targets }: RunBatch): void {
  for (const [i, { name }] of heads.entries()) {
    const [a, b] = [outputs[i].dims, targets[i].dims];
    if (sizeOf(a) === sizeOf(b)) continue;
    throw new UserError(
      `The output "${name}" is [${a}] of one network and [${b}] of the other: compare networks with the same outputs.`,
    );
  }
}
