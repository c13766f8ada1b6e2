import { z } from "zod";
import { withComputedWeights } from "../adoption/computed-weights.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import { untreated } from "../adoption/untreated.ts";
import type { Engine } from "../engine/engine.ts";
import { simplifyModel } from "../engine/simplify-model.ts";
import type { Model } from "../onnx/graph.ts";
import { flattened } from "../onnx/nested.ts";
import { mergeable } from "../operators/roles.ts";
import { guessed } from "../sharing/scaled/guess.ts";
import { type BitsOf, inBits, layersInBits } from "../sharing/scaled/in-bits.ts";
import { type Scaling, scaledParameters } from "../sharing/scaled/rounded.ts";
import { scaledRows } from "../sharing/scaled/rows.ts";
import { Scaler } from "../sharing/scaled/scale-network.ts";
import type { Statistics } from "../sharing/scaled/statistics.ts";
import { toldBy } from "../sharing/scaled/told.ts";
import { bitsFor } from "../sharing/share.ts";
import { checkNotQuantized } from "./check-quantized.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { type Basis, imagined } from "./imagined.ts";
import { checkWeights } from "./network.ts";
import { checkOptions } from "./options/option.ts";
import { shareOptions } from "./options/sharing.ts";
import type { ShareResult } from "./share.ts";

const { bits, biasBits, maxLoss } = shareOptions;

/** The options of {@link shareByGuess}. */
export const shareByGuessOptions = { bits, biasBits, maxLoss };

const schema = z.object(shareByGuessOptions);

/** Bits of the codes, or the loss that is hoped for. */
export type ShareByGuessOptions = z.input<typeof schema> & Hooks;

/**
 * The price of a bit for a point of loss, in squared distance of the outputs, or of weights alone in parts of their own
 * squares: as two networks lost about as much on inputs of which no other figure is (docs/results/guess.md).
 */
const LAMBDA_OF_POINT = { noise: 3e-3, weights: 1e-4 } as const;
const LEAST_POINTS = 0.1;

/** A network that was rounded without inputs. */
export interface ShareByGuessResult extends Pick<ShareResult, "model" | "layers"> {
  readonly basis: Basis;
}

/** What is told of a network that was rounded without inputs. */
export const A_GUESS =
  "No inputs were seen, so what this costs is a guess: compare by eval --against, or give inputs by --data.";

/**
 * Rounds a network's weights without any input: to whole numbers times a scale for each output unit, by bits, or as
 * coarsely as a loss may allow. Where BatchNormalizations tell how the numbers in the network are spread over real
 * inputs, layers are looked at on noise that is spread so; else weights are rounded by themselves.
 */
export async function shareByGuess(
  engine: Engine,
  source: Model,
  options: ShareByGuessOptions,
): Promise<ShareByGuessResult> {
  const { hooks, given } = splitHooks(options);
  const { bits, biasBits, maxLoss = 1 } = checkOptions(schema, given);
  const note = (text: string) => hooks.onProgress?.({ kind: "note", text });
  checkNotQuantized(source);
  checkWeights(source);
  const told = toldBy(source);
  const simple = told.size > 0 ? (await simplifyModel(engine, source, { mayMerge: mergeable })).model : source;
  const computed = await withComputedWeights(engine, simple);
  const form = trainableForm(computed.model, { gates: false });
  // Nothing is run: layers in graphs inside are like others.
  const model = flattened(form.model);
  checkWeights(model);
  const { statistics, basis } = await imagined(engine, { model: form.model, told, seed: SEED, hooks });
  const bitsOf = bits && bitsIn(model, bits, biasBits ?? (statistics && BIAS_BITS));
  const lambda = LAMBDA_OF_POINT[basis.by] * Math.max(maxLoss, LEAST_POINTS);
  const scaling = new Map([
    ...(bitsOf ? inBits(model, bitsOf) : guessed(model, lambda)),
    ...(statistics ? await bySight(statistics) : []),
  ]);
  for (const text of [...computed.notes, ...untreated(form.model, true), A_GUESS, ...basisNotes(basis)]) note(text);
  return { model: form.restore(scaledParameters(scaling)), layers: scaledRows(model, scaling), basis };

  async function bySight(statistics: Statistics): Promise<Scaling> {
    if (bitsOf) return layersInBits(statistics, bitsOf);
    const scaler = new Scaler(statistics, form.typeOf);
    return scaler.scale(lambda, { signal: hooks.signal, onWork: workOf(hooks) });
  }
}

/** The noise is always the same. */
const SEED = 1;

/** By what weights were rounded, and how much better inputs did where that was measured: docs/results/guess.md. */
function basisNotes(basis: Basis): string[] {
  if (basis.by === "weights") return [`Weights were rounded by themselves. ${basis.why}`, BETTER_THAN_ALONE];
  const { layers, normalizations } = basis;
  const seen = layers === 1 ? "1 layer was" : `${layers} layers were`;
  const told = normalizations === 1 ? "1 BatchNormalization tells" : `${normalizations} BatchNormalizations tell`;
  return [`${seen} seen on noise, spread as ${told} of real inputs.`, BETTER_THAN_NOISE];
}

/** What the same loss came to with inputs and without. */
const measured = (times: number) =>
  `On the one network where that was measured, a classifier of text lines, --max-loss 1 with inputs made a file ${times} times smaller than without.`;

export const BETTER_THAN_NOISE = measured(1.5);
export const BETTER_THAN_ALONE = measured(2.5);

/** Layers as they are given, and biases where bits for them are. */
function bitsIn(model: Model, bits: Parameters<typeof bitsFor>[1], biasBits: number | undefined): BitsOf {
  const own = bitsFor(model, bits, biasBits);
  return (name) => own.get(name);
}

/** For biases that make up for their layers' errors: of a line of numbers there are twice as many. */
const BIAS_BITS = 6;
