import { type Attributes, int } from "../attributes.ts";
import { GraphBuilder } from "../builder.ts";
import { lookup, type Node } from "../graph.ts";
import { readsOf } from "../live.ts";
import { type NumericTensor, sizeOf } from "../tensor.ts";
import type { FeedableModel } from "../typed.ts";
import { emitBlocked } from "./node.ts";
import { shapesOf } from "./shapes.ts";

/** [N, C, H, W]. */
export type Images = readonly [number, number, number, number];

/** A value in blocks, with the shape that it has otherwise. */
export interface Blocked {
  readonly name: string;
  readonly dims: Images;
}

/** A graph some of whose values are in blocks as well, or were. */
export class Blocks {
  readonly graph: GraphBuilder;
  /** How many channels lie side by side. */
  readonly size: number;
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #constant: (name: string) => NumericTensor | undefined;
  readonly #reshaped: ReadonlyMap<string, string>;
  readonly #blocked = new Map<string, Blocked>();
  readonly #readers = new Map<string, number>();
  readonly #makers: ReadonlyMap<string, Node>;
  readonly #convolutions = new Map<string, Node>();

  /**
   * @param model whose nodes are replaced by those that are added here
   * @param needed values that are asked for
   */
  constructor(model: FeedableModel, size: number, needed: readonly string[]) {
    for (const value of [...model.nodes.flatMap(readsOf), ...needed]) {
      this.#readers.set(value, (this.#readers.get(value) ?? 0) + 1);
    }
    this.#makers = new Map(model.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
    this.#shapes = shapesOf(model);
    this.#constant = lookup(model).constant;
    this.#reshaped = new Map(
      model.nodes.filter(({ op }) => op === "Reshape").map((node) => [node.outputs[0], node.inputs[0]]),
    );
    this.graph = new GraphBuilder(model, "blocked/");
    this.size = size;
    model.nodes = [];
  }

  shape(value: string): readonly number[] | undefined {
    return this.#shapes.get(value);
  }

  constant(value: string): NumericTensor | undefined {
    return this.#constant(value);
  }

  /** What a value is another shape of, by a Reshape. */
  reshaped(value: string): string | undefined {
    return this.#reshaped.get(value);
  }

  /** The shape of a value that can be put into blocks. */
  images(value: string): Images | undefined {
    const [batch, channels, height, width, ...more] = this.shape(value) ?? [];
    if (width === undefined || more.length > 0 || channels % this.size !== 0) return undefined;
    return [batch, channels, height, width];
  }

  has(value: string): boolean {
    return this.#blocked.has(value);
  }

  /** The node that makes a value which nothing but one other node reads. */
  maker(value: string): Node | undefined {
    return this.#readers.get(value) === 1 ? this.#makers.get(value) : undefined;
  }

  /** The blocked Conv that makes such a value. */
  convolution(value: string): Node | undefined {
    return this.maker(value) && this.#convolutions.get(this.#blocked.get(value)?.name ?? "");
  }

  /** A value in blocks; put into them here if it is not yet. */
  get(value: string, dims: Images): string {
    const known = this.#blocked.get(value);
    if (known) return known.name;
    const name = this.emit("ReorderInput", [value]);
    this.#blocked.set(value, { name, dims });
    return name;
  }

  /** Makes a value known in blocks, and takes it out of them for whoever reads it otherwise. */
  set(value: string, name: string, dims: Images): void {
    this.#blocked.set(value, { name, dims });
    this.emit("ReorderOutput", [name], { channels: int(dims[1]) }, value);
  }

  /** Adds a node of the blocked operators. */
  emit(op: string, inputs: readonly string[], attributes: Attributes = {}, output = this.graph.fresh(op)): string {
    emitBlocked(this.graph, op, inputs, attributes, output);
    const node = this.graph.model.nodes.at(-1);
    if (node && op === "Conv") this.#convolutions.set(output, node);
    return output;
  }

  as(value: string, dims: readonly number[]): string {
    return this.graph.emit("Reshape", [value, this.graph.ints(dims)]);
  }
}

/** Returns true for a value of one number. */
export function isNumber(blocks: Blocks, value: string): boolean {
  const shape = blocks.shape(value);
  return shape !== undefined && sizeOf(shape) === 1;
}
