import { UserError } from "../../errors.ts";
import { GraphBuilder } from "../builder.ts";
import { emptyModel, type Model } from "../graph.ts";
import { chain, naming } from "./branches.ts";
import { he, type Initializer } from "./initializers.ts";
import type { LayerBuilder } from "./layers.ts";

/** What a network of layers is called, what it reads, and how its weights begin. */
export interface SequentialOptions {
  readonly name: string;
  /** The shape of one sample, such as [1, 28, 28]. */
  readonly input: readonly number[];
  /** Default float32; int64 for tokens. */
  readonly dtype?: "float32" | "int64";
  /** The name of the output; default "logits". */
  readonly output?: string;
  readonly seed: number;
  /** Default: {@link he}. */
  readonly initializer?: Initializer;
}

/**
 * Builds a network of layers, one behind the other: input [batch, ...sample] -> output [batch, ...].
 * @throws UserError when a layer does not fit the one before it
 */
export function sequential(layers: readonly LayerBuilder[], options: SequentialOptions): Model {
  const { name, input, dtype = "float32", output = "logits", seed, initializer = he } = options;
  const model = emptyModel(name);
  const graph = new GraphBuilder(model);
  model.inputs.push({ name: graph.fresh("input"), dtype, shape: ["batch", ...input] });
  const { shape } = chain(...layers)({ value: "input", shape: input }, { graph, seed, initializer, name: naming() });
  const last = model.nodes.pop();
  if (!last) throw new UserError(`The network "${name}" has no layers: give at least one.`);
  model.nodes.push({ ...last, outputs: [output] });
  model.outputs.push({ name: output, dtype: "float32", shape: ["batch", ...shape] });
  return model;
}
