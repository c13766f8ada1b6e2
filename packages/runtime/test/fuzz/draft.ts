import type { Attributes } from "../../../espalier/src/onnx/attributes.ts";
import { emptyModel, type Model } from "../../../espalier/src/onnx/graph.ts";
import { type NumericTensor, sizeOf } from "../../../espalier/src/onnx/tensor.ts";
import type { Random } from "../../../espalier/src/random.ts";

/** Element types of which operands are drawn. */
export type Drawn = "float32" | "int64" | "int32" | "bool" | "uint8" | "float64";

/** A value that a node may read. */
export interface Known {
  readonly name: string;
  readonly tensor: NumericTensor;
  /** True if every runtime has the same bits: it may be rounded, compared or ordered. */
  readonly exact: boolean;
}

/** A node that is to be tried. */
export interface Made {
  readonly op: string;
  /** Names; "" for an input that is left out. */
  readonly inputs: readonly (Known | undefined)[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** True if it makes what every runtime makes bit by bit of operands that are exact. */
  readonly exact?: boolean;
}

/** How an operand comes into the graph. */
export type Source = "fed" | "constant" | "identity";

/** Bounds of the numbers of an operand. */
interface Bounds {
  readonly low?: number;
  readonly high?: number;
  readonly source?: Source;
}

/** A graph that is being drawn at random. */
export class Draft {
  readonly model: Model;
  readonly set: number;
  readonly known: Known[] = [];
  readonly feeds: Record<string, NumericTensor> = {};
  readonly #random: Random;
  #names = 0;

  constructor(random: Random, set: number) {
    this.#random = random;
    this.set = set;
    this.model = emptyModel("fuzz");
    this.model.opsets.set("", set);
  }

  below(count: number): number {
    return this.#random.below(count);
  }

  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.#random.uniform() < probability;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)];
  }

  dims(low = 0, high = 4): number[] {
    return Array.from({ length: this.between(low, high) }, () => this.between(1, 5));
  }

  /** An axis, counted from the start or the end. */
  axis(rank: number): number {
    return this.between(-rank, rank - 1);
  }

  fresh(hint: string): string {
    return `${hint}${this.#names++}`;
  }

  /** A new operand: numbers are eighths, so that sums of them are exact. */
  operand(dtype: Drawn, dims: readonly number[], { low = -4, high = 4, source }: Bounds = {}): Known {
    const size = sizeOf(dims);
    const eighth = () => low + this.below(8 * (high - low) + 1) / 8;
    const whole = () => this.between(Math.ceil(low), Math.floor(high));
    const data = {
      float32: () => Float32Array.from({ length: size }, eighth),
      float64: () => Float64Array.from({ length: size }, eighth),
      int64: () => BigInt64Array.from({ length: size }, () => BigInt(whole())),
      int32: () => Int32Array.from({ length: size }, whole),
      uint8: () => Uint8Array.from({ length: size }, () => Math.max(0, whole())),
      bool: () => Uint8Array.from({ length: size }, () => this.below(2)),
    }[dtype]();
    return this.place({ dtype, dims, data }, source);
  }

  /** Whole numbers of one axis. */
  list(values: readonly number[], dtype: "int64" | "int32" = "int64", source?: Source): Known {
    const data = dtype === "int64" ? BigInt64Array.from(values, BigInt) : Int32Array.from(values);
    return this.place({ dtype, dims: [values.length], data }, source);
  }

  place(tensor: NumericTensor, source: Source = this.of(["fed", "constant", "constant", "identity"])): Known {
    const name = this.fresh(source);
    if (source === "fed") {
      this.model.inputs.push({ name, dtype: tensor.dtype, shape: tensor.dims.map((_, axis) => `${name}_${axis}`) });
      this.feeds[name] = tensor;
    } else this.model.initializers.set(source === "identity" ? `${name}_stored` : name, tensor);
    if (source === "identity") {
      this.model.nodes.push({
        name,
        op: "Identity",
        domain: "",
        inputs: [`${name}_stored`],
        outputs: [name],
        attributes: {},
      });
    }
    return { name, tensor, exact: true };
  }

  /** A value that is there and fits, the last ones sooner than others; or else a new one. */
  pick(fits: (known: Known) => boolean, make: () => Known): Known {
    const fitting = this.known.filter(fits);
    if (fitting.length === 0 || this.chance(0.15)) return make();
    return this.chance(0.6) ? fitting[fitting.length - 1] : this.of(fitting);
  }

  /** Floats of a rank. */
  floats(low = 0, high = 4, exact = false): Known {
    return this.pick(
      ({ tensor, exact: own }) =>
        tensor.dtype === "float32" && tensor.dims.length >= low && tensor.dims.length <= high && (own || !exact),
      () => this.operand("float32", this.dims(low, high)),
    );
  }

  /** A value of any type. */
  any(low = 0, high = 4): Known {
    return this.pick(
      ({ tensor }) => tensor.dims.length >= low && tensor.dims.length <= high,
      () => this.operand(this.of(["float32", "float32", "int64", "int32", "bool", "uint8"]), this.dims(low, high)),
    );
  }

  /** A shape that can be stretched to another one. */
  smaller(dims: readonly number[]): number[] {
    const cut = dims.slice(this.chance(0.4) ? this.between(0, dims.length) : 0);
    return cut.map((dim) => (this.chance(0.3) ? 1 : dim));
  }
}
