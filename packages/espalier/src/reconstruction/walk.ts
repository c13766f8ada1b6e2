import type { LearningData } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import { annotateAdditions } from "../engine/annotate.ts";
import type { Engine, Tensors } from "../engine/engine.ts";
import { copyModel, fedInputs, type Model } from "../onnx/graph.ts";
import { readsOf } from "../onnx/live.ts";
import { splitBefore } from "../onnx/split.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { routesFor, spread } from "../training/feeding.ts";
import { type Parameters, withParameters } from "../training/parameters.ts";
import { carriesStates, visits, withOpenStates } from "../training/visits.ts";

/**
 * Goes through a network from weights to weights with some samples: at each stop it holds every value that the rest of
 * the network reads, so that all of the network is run once on the way.
 */
export class Walk {
  readonly #engine: Engine;
  /** Samples in a batch. */
  readonly batch: number;
  #rest: TypedModel;
  #values: readonly Tensors[];

  private constructor(engine: Engine, rest: TypedModel, values: readonly Tensors[], batch: number) {
    this.batch = batch;
    this.#engine = engine;
    this.#rest = rest;
    this.#values = values;
  }

  /**
   * Begins with training samples in batches of the model's size, evenly spread where there are more than memory should
   * hold; those that fill no batch are left out. Targets are not read. Samples that follow each other are taken in their
   * order, each with the states that the network has there.
   */
  static async begin(engine: Engine, annotated: TypedModel, data: LearningData): Promise<Walk> {
    const feed = { inputs: fedInputs(annotated), targets: [] };
    const split = routed(data.train, routesFor(feed, data));
    const [batch] = feed.inputs[0].shape;
    const count = Math.min(Math.floor(split.size / batch), batchesInMemory(annotated, batch));
    const values: Tensors[] = [];
    if (carriesStates(annotated, split)) {
      const open = withOpenStates(annotated);
      for await (const { fed } of visits(engine, open, split, feed, count * batch)) values.push(fed);
      return new Walk(engine, await annotateAdditions(engine, open.model, annotated), values, batch);
    }
    for await (const fed of spread(split, feed, count)) values.push(fed);
    return new Walk(engine, annotated, values, batch);
  }

  /** What the rest of the network reads, for each batch. */
  get values(): readonly Tensors[] {
    return this.#values;
  }

  /** The rest of the network: its inputs are {@link values}. */
  get rest(): TypedModel {
    return this.#rest;
  }

  /** Goes on to the first of some initializers, with other parameters for what lies between. */
  async advance(parameters: Parameters, before: readonly string[]): Promise<void> {
    const { prefix, suffix } = splitBefore(withParameters(this.#rest, parameters), before);
    const names = suffix.inputs.map(({ name }) => name);
    if (prefix.outputs.length > 0) {
      const program = await this.#engine.compile(withoutIdle(prefix));
      try {
        const values: Tensors[] = [];
        for (const given of this.#values) {
          const all = {
            ...given,
            ...(await program.run(
              pick(
                given,
                fedInputs(prefix).map(({ name }) => name),
              ),
            )),
          };
          values.push(pick(all, names));
        }
        this.#values = values;
      } finally {
        await program.release();
      }
    }
    this.#rest = suffix;
  }
}

/** More samples tell hardly more of a layer, */
const MOST_SAMPLES = 4096;
/** and numbers of which a walk should hold no more: 2 GB. */
const MOST_NUMBERS = 2 ** 29;

/** Batches of which the largest value of a network still fits. */
function batchesInMemory({ values, inputs, outputs }: TypedModel, batch: number): number {
  const sizes = [...values.values(), ...inputs, ...outputs].map(({ shape }) => sizeOf(shape));
  const largest = Math.max(1, ...sizes);
  return Math.max(1, Math.floor(Math.min(MOST_SAMPLES / batch, MOST_NUMBERS / largest)));
}

/** The model without inputs and initializers that no node reads. */
export function withoutIdle(model: Model): Model {
  const read = new Set(model.nodes.flatMap(readsOf));
  const lean = copyModel(model);
  lean.inputs = model.inputs.filter(({ name }) => read.has(name));
  lean.initializers = new Map([...model.initializers].filter(([name]) => read.has(name)));
  return lean;
}

export function pick(tensors: Tensors, names: readonly string[]): Tensors {
  return Object.fromEntries(names.filter((name) => name in tensors).map((name) => [name, tensors[name]]));
}
