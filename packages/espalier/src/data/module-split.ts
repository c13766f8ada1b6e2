import { UserError } from "../errors.ts";
import { type TensorData, zeros } from "../onnx/dtype.ts";
import { copyElements } from "../onnx/elements.ts";
import { sizeOf } from "../onnx/tensor.ts";
import { arraySplit } from "./array-split.ts";
import type { Split, TensorSpec } from "./dataset.ts";
import { firstNotFinite } from "./finite.ts";

/** Samples that a module yields are held in memory, up to so many bytes. */
const MOST_BYTES = 2 ** 31 - 1;

/** Something to go through sample by sample, at once or in time. */
type Samples = Iterable<unknown> | AsyncIterable<unknown>;

/** What yields samples: a list of them, or a generator; undefined for anything else. */
export function samplesOf(given: unknown): Samples | undefined {
  const made: unknown = typeof given === "function" ? given() : given;
  return isSamples(made) ? made : undefined;
}

function isSamples(value: unknown): value is Samples {
  return typeof value === "object" && value !== null && (Symbol.iterator in value || Symbol.asyncIterator in value);
}

/**
 * Samples as a split: each an object with a number, a list of numbers or a typed array by the name of each tensor.
 * @param where how messages begin, as "data.js, train"
 * @throws UserError for a sample without one of the tensors or of another size, or more than memory should hold
 */
export async function collected(samples: Samples, specs: readonly TensorSpec[], where: string): Promise<Split> {
  const arrays = specs.map((spec) => new Growing(spec));
  let count = 0;
  for await (const sample of samples) {
    for (const array of arrays) array.add(sample, `${where}, sample ${count}`);
    count++;
    if (arrays.reduce((sum, { bytes }) => sum + bytes, 0) > MOST_BYTES) {
      throw new UserError(
        `${where} yields over 2 GB: give a split { size, read(indices, into) }, which reads them one by one.`,
      );
    }
  }
  if (count === 0) throw new UserError(`${where} yields no sample: yield one or more.`);
  return arraySplit(Object.fromEntries(arrays.map((array) => [array.name, array.samples()])), 0, count);
}

/** The elements of a tensor of all samples so far. */
class Growing {
  readonly name: string;
  readonly #spec: TensorSpec;
  readonly #size: number;
  #values: TensorData;
  #count = 0;

  constructor(spec: TensorSpec) {
    this.#spec = spec;
    this.name = spec.name;
    this.#size = sizeOf(spec.shape);
    this.#values = zeros(spec.dtype, 16 * this.#size);
  }

  get bytes(): number {
    return this.#values.byteLength;
  }

  add(sample: unknown, where: string): void {
    const given = elementsOf(sample, this.name);
    if (!given || given.length !== this.#size) {
      throw new UserError(
        `${where} has ${given ? `${given.length} numbers` : "no numbers"} in "${this.name}", which is [${this.#spec.shape}]: give ${this.#size}.`,
      );
    }
    const at = this.#count * this.#size;
    if (at + this.#size > this.#values.length) {
      const larger = zeros(this.#spec.dtype, 2 * this.#values.length);
      copyElements(this.#values, 0, at, larger, 0);
      this.#values = larger;
    }
    const values = this.#values;
    const whole = values instanceof BigInt64Array || values instanceof BigUint64Array;
    for (let i = 0; i < this.#size; i++) {
      const value = given[i];
      if (whole) values[at + i] = wholeOf(value, `${where}, "${this.name}"`);
      else values[at + i] = Number(value);
    }
    this.#count++;
  }

  samples() {
    return { values: this.#values, size: this.#size };
  }
}

function wholeOf(value: number | bigint, where: string): bigint {
  if (typeof value === "bigint") return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw new UserError(`${where} holds ${value}, and takes whole numbers: give one.`);
}

function elementsOf(sample: unknown, name: string): ArrayLike<number | bigint> | undefined {
  if (typeof sample !== "object" || sample === null) return undefined;
  const given: unknown = new Map<string, unknown>(Object.entries(sample)).get(name);
  if (typeof given === "number" || typeof given === "bigint") return [given];
  if (isTypedArray(given)) return given;
  const all: unknown[] = Array.isArray(given) ? given.flat(Number.POSITIVE_INFINITY) : [undefined];
  return all.every((value) => typeof value === "number" || typeof value === "bigint") ? all : undefined;
}

function isTypedArray(value: unknown): value is TensorData {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

/**
 * A split whose mistakes are told by its module's name: errors of its `read`, and numbers that are not finite.
 * @param where how messages begin, as "data.js, train"
 */
export function guarded(split: Split, specs: readonly TensorSpec[], where: string): Split {
  return {
    ...split,
    // Mistakes there would have no sample to be told by.
    prepare: undefined,
    async read(indices, into) {
      try {
        await split.read(indices, into);
      } catch (error) {
        if (error instanceof UserError) throw error;
        const reason = (error instanceof Error ? error.message : String(error)).split("\n", 1)[0];
        throw new UserError(`${where}: its read fails (${reason}) for the samples from ${indices[0]} on: fix it.`);
      }
      for (const { name, dtype, shape } of specs) {
        const values = into[name];
        if (!values) continue;
        const size = sizeOf(shape);
        const count = indices.length * size;
        const found = firstNotFinite({ dtype, dims: [count], data: values.subarray(0, count) });
        if (!found) continue;
        const { at, value } = found;
        const sample = indices[Math.floor(at / size)];
        throw new UserError(
          `${where}: sample ${sample} has ${value} in "${name}" at ${at % size}: nothing can be computed with it; correct it or leave the sample out.`,
        );
      }
    },
  };
}
