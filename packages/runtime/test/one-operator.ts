import { expect } from "vitest";
import { nodeEngine } from "../../espalier/src/engine/node.ts";
import type { Attributes } from "../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../espalier/src/onnx/builder.ts";
import type { NumericType } from "../../espalier/src/onnx/dtype.ts";
import { emptyModel, type Model } from "../../espalier/src/onnx/graph.ts";
import { type NumericTensor, sizeOf } from "../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../espalier/src/onnx/write.ts";
import { random } from "../../espalier/src/random.ts";
import { Network } from "../src/network/network.ts";

const engine = nodeEngine({ threads: 1 });

/** How an input reaches the operator. */
export type Source = "fed" | "constant" | "computed";

/** One node, with what it reads. */
export interface OneNode {
  readonly op: string;
  readonly domain?: string;
  readonly set?: number;
  readonly attributes?: Attributes;
  /** In ONNX's order; undefined for an input that is left out. */
  readonly inputs: readonly (NumericTensor | undefined)[];
  /** How each input comes: fed where it is not said. */
  readonly sources?: readonly Source[];
  /** The types of the outputs; by default one, of the first input's type. */
  readonly outputs?: readonly NumericType[];
  /** The largest difference, as a part of the output's largest element; default 1e-5. Whole numbers must be equal. */
  readonly apart?: number;
  /** How far whole numbers may be apart; default 0. */
  readonly steps?: number;
}

function modelOf({ op, domain = "", set = 21, attributes = {}, sources = [], outputs, ...node }: OneNode): Model {
  const inputs = node.inputs.slice(0, node.inputs.findLastIndex((tensor) => tensor) + 1);
  const model = emptyModel("test");
  model.opsets.set("", set);
  if (domain) model.opsets.set(domain, 1);
  // Of operator sets that a reader must know, the version of the file says the least.
  model.irVersion = set > 22 ? 11 : set > 20 ? 10 : 8;
  const builder = new GraphBuilder(model);
  const names = inputs.map((tensor, i) => {
    if (!tensor) return "";
    const source = sources[i] ?? "fed";
    if (source === "fed") {
      model.inputs.push({ name: `x${i}`, dtype: tensor.dtype, shape: tensor.dims });
      builder.reserve(`x${i}`);
      return `x${i}`;
    }
    const stored = builder.initializer(`stored${i}`, tensor);
    return source === "constant" ? stored : builder.emit("Identity", [stored]);
  });
  const types = outputs ?? [inputs[0]?.dtype ?? "float32"];
  const made = types.map((_, i) => `y${i}`);
  model.nodes.push({ name: "node", op, domain, inputs: names, outputs: made, attributes });
  model.outputs = types.map((dtype, i) => ({ name: made[i], dtype }));
  return model;
}

/** Runs one node here and in ONNX Runtime, and compares shapes, types and numbers of all outputs. */
export async function agrees(node: OneNode): Promise<void> {
  const model = modelOf(node);
  const given = Object.fromEntries(
    node.inputs.flatMap((tensor, i) => (model.inputs.some(({ name }) => name === `x${i}`) ? [[`x${i}`, tensor]] : [])),
  ) as Record<string, NumericTensor>;
  const program = await engine.compile(model);
  try {
    const expected = await program.run(given);
    const network = await Network.load(writeModel(model));
    const found = network.run(given);
    for (const { name } of model.outputs) {
      const [right, own] = [expected[name], found[name]];
      expect(own.dims).toEqual(right.dims);
      expect(own.type).toBe(right.dtype);
      close(right, Array.from<number | bigint>(own.data), node);
    }
    network.release();
  } finally {
    await program.release();
  }
}

function close(right: NumericTensor, found: readonly (number | bigint)[], { apart = 1e-5, steps = 0 }: OneNode): void {
  const numbers = Array.from<number | bigint>(right.data);
  if (!right.dtype.startsWith("float")) {
    if (steps > 0) {
      const differ = numbers.filter((number, i) => number !== found[i]);
      // Half way is rare.
      expect(differ.length).toBeLessThanOrEqual(1 + 0.1 * numbers.length);
      for (const [i, number] of numbers.entries())
        expect(Math.abs(Number(found[i]) - Number(number))).toBeLessThanOrEqual(steps);
      return;
    }
    expect(found).toEqual(numbers);
    return;
  }
  const finite = numbers.map(Number).filter(Number.isFinite);
  const most = finite.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
  for (const [i, number] of numbers.entries()) {
    const [a, b] = [Number(number), Number(found[i])];
    if (!Number.isFinite(a)) expect(b, `element ${i}`).toBe(a);
    else expect(Math.abs(a - b) / most, `element ${i}: ${b} for ${a}`).toBeLessThanOrEqual(apart);
  }
}

/** Normally distributed float32, the same for the same seed. */
export function normals(dims: readonly number[], seed: number): NumericTensor {
  const { normal } = random(seed, "one operator");
  return { dtype: "float32", dims, data: Float32Array.from({ length: sizeOf(dims) }, normal) };
}

/** Float32 from `low` to `high`. */
export function between(dims: readonly number[], seed: number, low: number, high: number): NumericTensor {
  const { uniform } = random(seed, "one operator");
  return {
    dtype: "float32",
    dims,
    data: Float32Array.from({ length: sizeOf(dims) }, () => low + (high - low) * uniform()),
  };
}

/** Whole numbers of a type, from `low` up to but not `high`. */
export function wholes(
  dtype: "int64" | "int32" | "uint8" | "int8" | "bool",
  dims: readonly number[],
  seed: number,
  low: number,
  high: number,
): NumericTensor {
  const { uniform } = random(seed, "one operator");
  const values = Array.from({ length: sizeOf(dims) }, () => low + Math.floor((high - low) * uniform()));
  return { dtype, dims, data: listed(dtype, values) };
}

function listed(dtype: "int64" | "int32" | "uint8" | "int8" | "bool", values: readonly number[]) {
  if (dtype === "int64") return BigInt64Array.from(values, BigInt);
  if (dtype === "int32") return Int32Array.from(values);
  return dtype === "int8" ? Int8Array.from(values) : Uint8Array.from(values);
}
