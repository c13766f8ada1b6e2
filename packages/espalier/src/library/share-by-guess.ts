import { z } from "zod";
import { withComputedWeights } from "../adoption/computed-weights.ts";
import { trainableForm } from "../adoption/trainable-form.ts";
import { untreated } from "../adoption/untreated.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { flattened } from "../onnx/nested.ts";
import { guessed, inBits } from "../sharing/scaled/guess.ts";
import { scaledParameters } from "../sharing/scaled/rounded.ts";
import { scaledRows } from "../sharing/scaled/rows.ts";
import { bitsFor } from "../sharing/share.ts";
import { type Hooks, splitHooks } from "./hooks.ts";
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

/** The price of a bit for a point of loss: a guess, by which no network was measured. */
const LAMBDA_OF_POINT = 1e-3;
const LEAST_POINTS = 0.1;

/** What is told of a network that was rounded without inputs. */
export const A_GUESS =
  "No inputs were seen, so what this costs is a guess: compare by eval --against, or give inputs by --data.";

/**
 * Rounds a network's weights by themselves, without any input: to whole numbers times a scale for each output unit, by
 * bits, or as coarsely as a loss may allow.
 */
export async function shareByGuess(
  engine: Engine,
  source: Model,
  options: ShareByGuessOptions,
): Promise<Pick<ShareResult, "model" | "layers">> {
  const { hooks, given } = splitHooks(options);
  const { bits, biasBits, maxLoss = 1 } = checkOptions(schema, given);
  const computed = await withComputedWeights(engine, source);
  const form = trainableForm(computed.model, { gates: false });
  // Nothing is run: layers in graphs inside are like others.
  const model = flattened(form.model);
  checkWeights(model);
  const scaling = bits ? inBits(model, bitsIn(model, bits, biasBits)) : guessed(model, lambdaFor(maxLoss));
  for (const text of [...computed.notes, ...untreated(form.model, true), A_GUESS]) {
    hooks.onProgress?.({ kind: "note", text });
  }
  return { model: form.restore(scaledParameters(scaling)), layers: scaledRows(model, scaling) };
}

const lambdaFor = (points: number) => LAMBDA_OF_POINT * Math.max(points, LEAST_POINTS);

/** Layers as they are given, and biases where bits for them are. */
function bitsIn(model: Model, bits: Parameters<typeof bitsFor>[1], biasBits: number | undefined) {
  const own = bitsFor(model, bits, biasBits);
  return (name: string) => own.get(name);
}
