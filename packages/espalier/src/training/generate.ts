import { adopt } from "../adoption/adopt.ts";
import { batchOf, type TensorSpec } from "../data/dataset.ts";
import { join, type Vocabulary } from "../data/text/vocabulary.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Program } from "../engine/engine.ts";
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
 * Lets a recurrent network write: each token is drawn from the softmax of the scores behind the one before it.
 * @returns the text, from the prime on
 */
export async function generate(
  engine: Engine,
  source: Model,
  { unit, tokens }: Vocabulary,
  { prime, length, temperature, seed }: GenerateOptions,
): Promise<string> {
  const { program, input, output } = await stepper(engine, source);
  const { tensors, arrays } = batchOf([input], 1);
  const stream = random(seed, "generate");
  const written: number[] = [];
  try {
    let next = prime[0];
    while (written.length < prime.length + length) {
      written.push(next);
      fillElements(arrays[input.name], next);
      const scores = (await program.run(tensors))[output];
      next = prime[written.length] ?? draw(floatsOf(scores), temperature, stream);
    }
  } finally {
    await program.release();
  }
  return join(
    written.map((token) => tokens[token]),
    unit,
  );
}

/** What the network is given at a time. */
const ONE_TOKEN = { name: "The text", inputs: [{ name: "tokens", dtype: "int64", shape: [1] }] } as const;

/** A network that takes one token at a time and goes on from the state that the last one left. */
async function stepper(
  engine: Engine,
  source: Model,
): Promise<{ program: Program; input: TensorSpec; output: string }> {
  const { model } = await adopt(engine, source, { data: ONE_TOKEN, form: { kind: "scores", steps: 1 } });
  const annotated = await annotate(engine, model, { batch: 1 });
  const step = copyModel(annotated);
  const [input] = fedTensors({ inputs: fedInputs(annotated), targets: [] });
  const states = exposeState(new GraphBuilder(step), annotated);
  step.outputs = [step.outputs[0], ...states.map(({ next }) => ({ name: next }))];
  const carry = Object.fromEntries(states.map(({ name, next }) => [next, name]));
  const program = await engine.compile(step, { carry });
  for (const { name, dims } of states) program.load(name, float32(dims));
  return { program, input, output: step.outputs[0].name };
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
