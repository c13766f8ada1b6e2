import { int } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import { type FloatTensor, float32, type NumericTensor } from "../onnx/tensor.ts";
import type { ScaledTensor } from "../sharing/scaled/scaled.ts";
import type { Placement } from "./placement.ts";
import { type Affine, affineOf, type Range } from "./range.ts";

/** Adds what makes values and biases whole numbers, and numbers again. */
export class Pairs {
  readonly #graph: GraphBuilder;
  readonly #affines: ReadonlyMap<string, Affine>;
  readonly #read = new Map<string, string>();

  /** @param ranges of the values that the placement has codes of */
  constructor(graph: GraphBuilder, { values }: Placement, ranges: ReadonlyMap<string, Range>) {
    this.#graph = graph;
    this.#affines = new Map(Array.from(values, ([value, from]) => [value, affineOf(rangeOf(ranges, from))]));
  }

  /** The scale of a value. */
  scaleOf(value: string): number {
    return this.#affines.get(value)?.scale ?? 1;
  }

  /** By what a value of eight bits is read; the value itself before it has them. */
  read(value: string): string {
    return this.#read.get(value) ?? value;
  }

  /**
   * Adds QuantizeLinear and DequantizeLinear for a value.
   * @param from what makes it
   * @param output the name of what is read; default: a new one
   */
  emit(value: string, from = value, output?: string): void {
    const { scale, zero } = this.#affines.get(value) ?? { scale: 1, zero: 0 };
    const graph = this.#graph;
    const code: NumericTensor = { dtype: "uint8", dims: [], data: Uint8Array.of(zero) };
    const by = [graph.scalar("float32", scale), graph.constant(code)];
    const quantized = graph.emit("QuantizeLinear", [from, ...by], {}, graph.fresh(""));
    this.#read.set(value, graph.emit("DequantizeLinear", [quantized, ...by], {}, output ?? graph.fresh("")));
  }

  /** Adds a layer's bias as 32-bit numbers in units of the products of its data and weights. */
  emitBias(data: string, { scales }: ScaledTensor, { dims, data: numbers }: FloatTensor): string {
    const units = Float32Array.from(numbers, (_, unit) => this.scaleOf(data) * scales[unit % scales.length]);
    const whole = Int32Array.from(numbers, (b, unit) => Math.round(b / units[unit]));
    const held = this.#graph.initializer("", { dtype: "int32", dims, data: whole });
    const by = this.#graph.initializer("", float32(dims, units));
    return this.#graph.emit("DequantizeLinear", [held, by], { axis: int(0) }, this.#graph.fresh(""));
  }
}

function rangeOf(ranges: ReadonlyMap<string, Range>, value: string): Range {
  const range = ranges.get(value);
  if (!range) throw new Error(`Nothing is known of what "${value}" may be.`);
  return range;
}
