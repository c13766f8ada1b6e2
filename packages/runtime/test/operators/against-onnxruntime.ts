import fc from "fast-check";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect } from "vitest";
import type { Attribute } from "../../../espalier/src/onnx/attributes.ts";
import type { NumericType } from "../../../espalier/src/onnx/dtype.ts";
import { zeros } from "../../../espalier/src/onnx/dtype.ts";
import { emptyModel, type Model } from "../../../espalier/src/onnx/graph.ts";
import { int64s, type NumericTensor, sizeOf } from "../../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../../espalier/src/onnx/write.ts";
import { random } from "../../../espalier/src/random.ts";
import { halfOf } from "../../src/network/half.ts";
import { Network } from "../../src/network/network.ts";

/** A node, and what it reads. */
export interface Trial {
  readonly op: string;
  /** The operator set. */
  readonly set: number;
  /** Those that are undefined are left out. */
  readonly attributes?: Readonly<Record<string, Attribute | undefined>>;
  /** Undefined for what is left out. */
  readonly inputs: readonly (NumericTensor | undefined)[];
  /** How many outputs; default 1. */
  readonly outputs?: number;
  /** The inputs that are fed, by their places; the others are initializers. */
  readonly fed: readonly boolean[];
}

/** Runs a node here and in ONNX Runtime, and expects the same outputs: floats to 1e-5 of the output's largest. */
export async function agrees({ op, set, attributes: given = {}, inputs, outputs = 1, fed }: Trial): Promise<void> {
  const model = emptyModel("trial");
  model.opsets.set("", set);
  const attributes: Record<string, Attribute> = {};
  for (const [name, attribute] of Object.entries(given)) if (attribute) attributes[name] = attribute;
  const names = inputs.map((tensor, i) => (tensor ? `x${i}` : ""));
  const results = Array.from({ length: outputs }, (_, i) => `y${i}`);
  model.nodes.push({ name: "node", op, domain: "", inputs: names, outputs: results, attributes });
  model.outputs = results.map((name) => ({ name }));
  const feeds: Record<string, NumericTensor> = {};
  for (const [i, tensor] of inputs.entries()) {
    if (!tensor) continue;
    if (fed[i]) {
      feeds[names[i]] = tensor;
      model.inputs.push({ name: names[i], dtype: tensor.dtype, shape: tensor.dims.map(() => null) });
    } else model.initializers.set(names[i], tensor);
  }
  await expectEqual(model, feeds);
}

/** Runs a model here and in ONNX Runtime, and expects the same outputs. */
export async function expectEqual(model: Model, feeds: Readonly<Record<string, NumericTensor>>): Promise<void> {
  const bytes = writeModel(model);
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const right = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([name, { dtype, dims, data }]) => [
        name,
        new OrtTensor(dtype as "float32", data as Float32Array, dims),
      ]),
    ),
  );
  await session.release();
  const found = (await Network.load(bytes)).run(feeds as Parameters<Network["run"]>[0]);
  for (const { name } of model.outputs) {
    const { type, dims, data } = right[name];
    expect([found[name].type, found[name].dims]).toEqual([type, dims]);
    const own = Array.from<number | bigint, number>(found[name].data, Number);
    const numbers = Array.from<number | bigint, number>(data as Float32Array, Number);
    const most = numbers.reduce((a, b) => (Number.isFinite(b) ? Math.max(a, Math.abs(b)) : a), 0);
    const allowed = type === "float32" || type === "float64" ? 1e-5 * most : 0;
    for (const [i, value] of numbers.entries()) {
      if (Object.is(own[i], value) || own[i] === value) continue;
      expect(Math.abs(own[i] - value), `${own[i]} for ${value} at ${i}`).toBeLessThanOrEqual(allowed);
    }
  }
}

/** Runs trials that are drawn. */
export async function agreeing(drawn: fc.Arbitrary<Trial>, numRuns = 60): Promise<void> {
  await fc.assert(fc.asyncProperty(drawn, agrees), { numRuns, seed: 1 });
}

/** The element types of what networks use for numbers, shapes, masks and indices. */
export const TYPES: readonly NumericType[] = ["float32", "int64", "int32", "bool", "uint8"];

/** Small whole numbers of any type, and fractions where it has them; many are equal. */
export function numbers(type: NumericType, dims: readonly number[], seed: number): NumericTensor {
  const { uniform } = random(seed, "numbers");
  const data = zeros(type, sizeOf(dims));
  const [least, count] = type === "bool" ? [0, 2] : type === "uint8" ? [0, 9] : [-4, 9];
  for (let i = 0; i < data.length; i++) {
    const whole = least + Math.floor(uniform() * count);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(whole);
    else if (type === "float16") data[i] = halfOf(whole + (uniform() < 0.5 ? uniform() : 0));
    else data[i] = type.startsWith("float") && uniform() < 0.5 ? whole + uniform() : whole;
  }
  return { dtype: type, dims, data };
}

/** Shapes of so many axes. */
export const shapes = (least: number, most: number, shortest = 1) =>
  fc.array(fc.integer({ min: shortest, max: 4 }), { minLength: least, maxLength: most });

/** A tensor of one of some types, of a shape. */
export const tensors = (dims: readonly number[], types = TYPES) =>
  fc.record({ type: fc.constantFrom(...types), seed: fc.nat() }).map(({ type, seed }) => numbers(type, dims, seed));

/** Which inputs are fed. */
export const fedOf = (count: number) => fc.array(fc.boolean(), { minLength: count, maxLength: count });

/** One number of no axes. */
export function scalarOf(dtype: NumericType, value: number): NumericTensor {
  const { data } = dtype === "int64" ? int64s([value]) : { data: zeros(dtype, 1) };
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) data[0] = value;
  return { dtype, dims: [], data };
}

/** A list of int64, or of int32. */
export function list(values: readonly number[], dtype: "int64" | "int32" = "int64"): NumericTensor {
  return dtype === "int64" ? int64s(values) : { dtype, dims: [values.length], data: Int32Array.from(values) };
}
