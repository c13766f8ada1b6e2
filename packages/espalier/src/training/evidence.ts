import { batchOf, type LearningData } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import { isSequence } from "../data/streams.ts";
import { annotateAdditions, settle } from "../engine/annotate.ts";
import type { Engine, Program, Tensors } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { type FloatTensor, float32, floatsOf } from "../onnx/tensor.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { permutation, random } from "../random.ts";
import { taskFor } from "../tasks/index.ts";
import type { Task } from "../tasks/task.ts";
import { batchInputs } from "./check-data.ts";
import { fedTensors, routesFor } from "./feeding.ts";
import { objective } from "./objective.ts";
import { type Parameters, parametersOf } from "./parameters.ts";
import { gradientOf, gradientStep } from "./step-graph.ts";
import { visits, withOpenStates } from "./visits.ts";

/** What is measured about the loss at some weights, by parameter. */
export interface Evidence {
  /** The mean gradient, E[g]. */
  readonly gradient: Parameters;
  /** The mean square of the batches' gradients, E[g^2]. */
  readonly square: Parameters;
  /** The diagonal of the Hessian, estimated. */
  readonly curvature: Parameters;
  /** -sum of w g over steps of training: above zero where weights move away from zero. */
  readonly movement: Parameters;
}

/** What is asked for: gradients at the weights, gradients around them, or steps of training from them. */
export type Need = "gradients" | "curvature" | "movement";

export interface EvidenceOptions {
  readonly batch: number;
  readonly seed: number;
  /** What the network learns; default: what the data says. */
  readonly task?: Task;
  /** Batches of training samples that are looked at. */
  readonly batches?: number;
  /** What is asked for: curvature takes two more gradients for each batch, movement ten times as many batches. */
  readonly wanted: Need;
  /** Is given the gradients of each batch, at the weights as they are. */
  readonly onBatch?: (gradients: Parameters) => void;
}

const BATCHES = 40;
/** Steps of plain gradient descent over which movement is summed, and their learning rate. */
const MOVEMENT = { batches: 400, rate: 0.05 };
/** The length of the step by which gradients are compared, relative to the weights. */
const STEP = 1e-3;

/**
 * Gathers what criteria ask of the loss: gradients of some batches of the training split, their squares, and the
 * diagonal of the Hessian by Hutchinson's estimate E[v H v] with random signs v, where H v is a central difference of
 * gradients. Movement is summed over steps of gradient descent from the weights. Dropout is off, and
 * BatchNormalization goes by its running statistics: the loss is that of the network as it is evaluated.
 * @param weights the parameters that are asked about
 */
export async function gatherEvidence(
  engine: Engine,
  model: Model,
  data: LearningData,
  weights: readonly string[],
  options: EvidenceOptions,
): Promise<Evidence> {
  const { batch, seed, task = taskFor(data), wanted } = options;
  const batches = options.batches ?? (wanted === "movement" ? MOVEMENT.batches : BATCHES);
  const typed = await settle(engine, upgrade(model), { batch });
  const sequence = isSequence(data.train);
  const { model: withLoss, targets, dropout, states } = objective(typed, task, { sequence });
  const step = gradientStep(await annotateAdditions(engine, withLoss, typed), { parameters: weights, ...noUpdate });
  const program = await engine.compile(step.model, step);
  let parameters = parametersOf(model, weights);
  const feed = { inputs: batchInputs(typed, batch), targets };
  const split = routed(data.train, routesFor(feed, data));
  const still: Tensors = {};
  for (const { ratioInput, noiseInput, dims } of dropout) {
    still[ratioInput] = float32([]);
    still[noiseInput] = float32(dims);
  }
  const sums = {
    gradient: zerosLike(parameters),
    square: zerosLike(parameters),
    curvature: zerosLike(parameters),
    movement: zerosLike(parameters),
  };
  const count = Math.min(batches, Math.floor(data.train.size / batch));
  async function* shuffled(): AsyncGenerator<Tensors> {
    const { tensors, arrays } = batchOf(fedTensors(feed), batch);
    const order = permutation(data.train.size, random(seed, "evidence"));
    for (let i = 0; i < count; i++) {
      await split.read(order.subarray(i * batch, (i + 1) * batch), arrays);
      yield tensors;
    }
  }
  /** Each batch begins with the states that the network, as it came, has there. */
  async function* inOrder(): AsyncGenerator<Tensors> {
    const open = withOpenStates(typed);
    for await (const { fed } of visits(engine, open, split, feed, count * batch)) {
      yield { ...fed, ...Object.fromEntries(open.states.map(({ name }, i) => [states[i].name, fed[name]])) };
    }
  }
  try {
    // Samples that follow each other may fill fewer batches.
    let seen = 0;
    for await (const fed of states.length > 0 ? inOrder() : shuffled()) {
      const feeds = { ...fed, ...still };
      const at = seen++;
      const gradients = await gradientsAt(program, parameters, feeds);
      options.onBatch?.(gradients);
      accumulate(sums.gradient, gradients, (g) => g);
      accumulate(sums.square, gradients, (g) => g * g);
      if (wanted === "movement") {
        for (const [name, { data: sum }] of sums.movement)
          subtractProducts(sum, parameters.get(name), gradients.get(name));
        parameters = moved(parameters, gradients, -MOVEMENT.rate);
      }
      if (wanted !== "curvature") continue;
      const signs = signsLike(parameters, seed, at);
      const length = STEP * deviation(parameters);
      const ahead = await gradientsAt(program, moved(parameters, signs, length), feeds);
      const behind = await gradientsAt(program, moved(parameters, signs, -length), feeds);
      for (const [name, { data: sum }] of sums.curvature) {
        const [a, b, v] = [ahead, behind, signs].map((tensors) => tensors.get(name)?.data ?? sum);
        for (let j = 0; j < sum.length; j++) sum[j] += (v[j] * (a[j] - b[j])) / (2 * length);
      }
    }
    for (const means of [sums.gradient, sums.square, sums.curvature]) {
      for (const { data } of means.values()) for (let j = 0; j < data.length; j++) data[j] /= Math.max(1, seen);
    }
  } finally {
    await program.release();
  }
  return sums;
}

const noUpdate = { optimizer: { slots: [], apply: (update: string) => update }, masked: new Set<string>() };

async function gradientsAt(program: Program, parameters: Parameters, feeds: Tensors): Promise<Parameters> {
  for (const [name, tensor] of parameters) program.load(name, tensor);
  const outputs = await program.run(feeds);
  const gradients = new Map<string, FloatTensor>();
  for (const [name, { dims }] of parameters) {
    gradients.set(name, float32(dims, floatsOf(outputs[gradientOf(name)])));
  }
  return gradients;
}

function zerosLike(parameters: Parameters): Map<string, FloatTensor> {
  return new Map(Array.from(parameters, ([name, { dims }]) => [name, float32(dims)]));
}

function signsLike(parameters: Parameters, seed: number, batch: number): Parameters {
  return new Map(
    Array.from(parameters, ([name, { dims, data }]) => {
      const { uniform } = random(seed, "signs", name, batch);
      return [
        name,
        float32(
          dims,
          data.map(() => (uniform() < 0.5 ? -1 : 1)),
        ),
      ];
    }),
  );
}

/** sum -= w g, element by element. */
function subtractProducts(
  sum: Float32Array,
  weights: FloatTensor | undefined,
  gradient: FloatTensor | undefined,
): void {
  if (!weights || !gradient) return;
  for (let i = 0; i < sum.length; i++) sum[i] -= weights.data[i] * gradient.data[i];
}

/** Each parameter with `length` times its direction added. */
function moved(parameters: Parameters, directions: Parameters, length: number): Parameters {
  return new Map(
    Array.from(parameters, ([name, { dims, data }]) => {
      const v = directions.get(name)?.data ?? data;
      return [
        name,
        float32(
          dims,
          data.map((w, i) => w + length * v[i]),
        ),
      ];
    }),
  );
}

/** The root mean square of all weights. */
function deviation(parameters: Parameters): number {
  let count = 0;
  let squares = 0;
  for (const { data } of parameters.values()) {
    count += data.length;
    for (const w of data) squares += w * w;
  }
  return Math.sqrt(squares / Math.max(1, count)) || 1;
}

function accumulate(sums: ReadonlyMap<string, FloatTensor>, values: Parameters, f: (value: number) => number): void {
  for (const [name, { data: sum }] of sums) {
    const value = values.get(name)?.data ?? sum;
    for (let i = 0; i < sum.length; i++) sum[i] += f(value[i]);
  }
}
