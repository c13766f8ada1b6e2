import { forSamples } from "../adoption/samples.ts";
import type { LearningData } from "../data/dataset.ts";
import { someOf } from "../data/some.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Tensors } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { toFloat32 } from "../onnx/half.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { Walk, withoutIdle } from "../reconstruction/walk.ts";

/** Samples on which one layer after the other is tried. */
export const SAMPLES = 8;

/** A network that others, made of it, are compared with on a few training samples. */
export class Trials {
  readonly #engine: Engine;
  readonly #model: TypedModel;
  readonly #fed: readonly Tensors[];
  readonly #right: readonly Tensors[];

  private constructor(engine: Engine, model: TypedModel, fed: readonly Tensors[], right: readonly Tensors[]) {
    this.#engine = engine;
    this.#model = model;
    this.#fed = fed;
    this.#right = right;
  }

  static async create(engine: Engine, model: Model, data: LearningData): Promise<Trials> {
    const annotated = await annotate(engine, forSamples(model, data), { batch: 1 });
    const walk = await Walk.begin(engine, annotated, { ...data, train: someOf(data.train, SAMPLES) });
    const { values, rest } = walk;
    const count = Math.min(SAMPLES, values.length);
    // Of samples that follow each other, each has the states that the network has there.
    const fed = Array.from({ length: count }, (_, i) => values[Math.floor((i * values.length) / count)]);
    return new Trials(engine, rest, fed, await outputsOf(engine, rest, fed));
  }

  /** The network for one sample. */
  get typed(): TypedModel {
    return this.#model;
  }

  /**
   * What a change costs: the squared error of the outputs as a part of their squares, in the mean of the outputs.
   * @param change makes another network of the one that is given
   */
  async costOf(change: (model: Model) => Model): Promise<number> {
    const found = await outputsOf(this.#engine, change(this.#model), this.#fed).catch((error: unknown) => {
      // What the runtime refuses is no choice.
      if (error instanceof UserError) return undefined;
      throw error;
    });
    if (!found) return Number.POSITIVE_INFINITY;
    const costs = this.#model.outputs.map(({ name }) => {
      let [error, energy] = [0, 0];
      for (const [i, right] of this.#right.entries()) {
        const [a, b] = [toFloat32(right[name])?.data ?? [], toFloat32(found[i][name])?.data ?? []];
        for (let j = 0; j < a.length; j++) {
          error += (a[j] - b[j]) ** 2;
          energy += a[j] ** 2;
        }
      }
      return energy > 0 ? error / energy : error;
    });
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / Math.max(1, costs.length);
    return Number.isFinite(mean) ? mean : Number.POSITIVE_INFINITY;
  }
}

async function outputsOf(engine: Engine, model: Model, fed: readonly Tensors[]): Promise<Tensors[]> {
  const program = await engine.compile(withoutIdle(model));
  try {
    const names = model.inputs.map(({ name }) => name);
    const found: Tensors[] = [];
    for (const tensors of fed) {
      found.push(await program.run(Object.fromEntries(names.flatMap((n) => (tensors[n] ? [[n, tensors[n]]] : [])))));
    }
    return found;
  } finally {
    await program.release();
  }
}
