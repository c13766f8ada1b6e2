import { readInOrder, type Split } from "../data/dataset.ts";
import type { Engine, Tensors } from "../engine/engine.ts";
import { copyModel, fedInputs, type Model } from "../onnx/graph.ts";
import { readsOf } from "../onnx/live.ts";
import { splitBefore } from "../onnx/split.ts";
import { float32 } from "../onnx/tensor.ts";
import { type Parameters, withParameters } from "../training/parameters.ts";

/**
 * Goes through a network from weights to weights with some samples: at each stop it holds every value that the rest of
 * the network reads, so that all of the network is run once on the way.
 */
export class Walk {
  readonly #engine: Engine;
  #rest: Model;
  #values: readonly Tensors[];

  private constructor(engine: Engine, rest: Model, values: readonly Tensors[]) {
    this.#engine = engine;
    this.#rest = rest;
    this.#values = values;
  }

  /**
   * Begins with samples in batches of the model's size; those that fill no batch are left out.
   * @param annotated a model with concrete shapes and one input
   */
  static async begin(engine: Engine, annotated: Model, split: Split): Promise<Walk> {
    const [input] = fedInputs(annotated);
    const shape = (input.shape ?? []).map(Number);
    const [batch] = shape;
    const values: Tensors[] = [];
    for (let start = 0; start + batch <= split.size; start += batch) {
      const inputs = float32(shape);
      await readInOrder(split, start, batch, inputs.data, new Int32Array(batch));
      values.push({ [input.name]: inputs });
    }
    return new Walk(engine, annotated, values);
  }

  /** What the rest of the network reads, for each batch. */
  get values(): readonly Tensors[] {
    return this.#values;
  }

  /** The rest of the network: its inputs are {@link values}. */
  get rest(): Model {
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
