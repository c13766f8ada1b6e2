import { adopt } from "../adoption/adopt.ts";
import { batchOf } from "../data/dataset.ts";
import { join, type Vocabulary } from "../data/text/vocabulary.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { fillElements } from "../onnx/elements.ts";
import { copyModel, fedInputs, type Model } from "../onnx/graph.ts";
import { float32, floatsOf } from "../onnx/tensor.ts";
import { type Random, random } from "../random.ts";
import { exposeState } from "./carried-state.ts";
import { fedTensors } from "./feeding.ts";

export interface GenerateOptions {
  /** The tokens that the text begins with; at least one. */
  readonly prime: readonly number[];
  /** How many tokens to add. */
  readonly length: number;
  /** Scores are divided by it: below 1 the likely becomes likelier. */
  readonly temperature: number;
  readonly seed: number;
}

/**
 * Lets a network write: each token is drawn from the softmax of the scores behind the one before it.
 * @returns the text, from the prime on
 */
export async function generate(
  engine: Engine,
  source: Model,
  { unit, tokens }: Vocabulary,
  { prime, length, temperature, seed }: GenerateOptions,
): Promise<string> {
  const window = fedInputs(source)[0]?.shape?.[1];
  const reader = await (typeof window === "number" ? inWindows(engine, source, window) : stepByStep(engine, source));
  const stream = random(seed, "generate");
  const written: number[] = [];
  try {
    let next = prime[0];
    while (written.length < prime.length + length) {
      written.push(next);
      const scores = await reader.scores(written);
      next = prime[written.length] ?? draw(scores, temperature, stream);
    }
  } finally {
    await reader.release();
  }
  return join(
    written.map((token) => tokens[token]),
    unit,
  );
}

/** Gives scores to the token that follows those that are written, of which it is told after each. */
interface Reader {
  scores(written: readonly number[]): Promise<Float32Array>;
  release(): Promise<void>;
}

const textOf = (steps: number) => ({
  name: "The text",
  inputs: [{ name: "tokens", dtype: "int64", shape: [steps] }] as const,
});

/** A network that takes one token at a time and goes on from the state that the last one left. */
async function stepByStep(engine: Engine, source: Model): Promise<Reader> {
  const { model } = await adopt(engine, source, { data: textOf(1), form: { kind: "scores", steps: 1 } });
  const annotated = await annotate(engine, model, { batch: 1 });
  const step = copyModel(annotated);
  const [input] = fedTensors({ inputs: fedInputs(annotated), targets: [] });
  const states = exposeState(new GraphBuilder(step), annotated);
  step.outputs = [step.outputs[0], ...states.map(({ next }) => ({ name: next }))];
  const carry = Object.fromEntries(states.map(({ name, next }) => [next, name]));
  const program = await engine.compile(step, { carry });
  for (const { name, dims } of states) program.load(name, float32(dims));
  const { tensors, arrays } = batchOf([input], 1);
  return {
    async scores(written) {
      fillElements(arrays[input.name], written[written.length - 1]);
      return floatsOf((await program.run(tensors))[step.outputs[0].name]);
    },
    release: () => program.release(),
  };
}

/** A network that reads so many tokens at once, of which none hears those behind it: it is given the last ones. */
async function inWindows(engine: Engine, source: Model, window: number): Promise<Reader> {
  const { model } = await adopt(engine, source, { data: textOf(window), form: { kind: "scores", steps: window } });
  const annotated = await annotate(engine, model, { batch: 1 });
  const [input] = fedTensors({ inputs: fedInputs(annotated), targets: [] });
  const program = await engine.compile(annotated);
  const { tensors, arrays } = batchOf([input], 1);
  return {
    async scores(written) {
      const last = written.slice(-window);
      for (let i = 0; i < window; i++) fillElements(arrays[input.name], last[i] ?? 0, i, i + 1);
      const all = floatsOf((await program.run(tensors))[annotated.outputs[0].name]);
      const classes = all.length / window;
      return all.slice((last.length - 1) * classes, last.length * classes);
    },
    release: () => program.release(),
  };
}

function draw(scores: Float32Array, temperature: number, { uniform }: Random): number {
  const largest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
  const weights = scores.map((score) => Math.exp((score - largest) / temperature));
  let left = uniform() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [token, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return token;
  }
  return scores.length - 1;
}
