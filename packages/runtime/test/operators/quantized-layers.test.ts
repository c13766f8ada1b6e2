import fc from "fast-check";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { type Attributes, int, ints } from "../../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../../espalier/src/onnx/builder.ts";
import { emptyModel, type Model } from "../../../espalier/src/onnx/graph.ts";
import { float32, type NumericTensor, sizeOf } from "../../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../../espalier/src/onnx/write.ts";
import { Network } from "../../src/network/network.ts";
import { between, normals, wholes } from "../one-operator.ts";

/** What a model gives by its definition: ONNX Runtime, which fuses nothing. */
async function defined(bytes: Uint8Array, x: NumericTensor): Promise<readonly number[]> {
  const session = await InferenceSession.create(bytes, { graphOptimizationLevel: "disabled", intraOpNumThreads: 1 });
  const { y } = await session.run({ x: new OrtTensor("float32", x.data as Float32Array, x.dims) });
  await session.release();
  return Array.from(y.data as Float32Array);
}

/** Runs a model in every form of the kernels, and expects what its definition gives. */
async function expectDefined(model: Model, x: NumericTensor): Promise<void> {
  const bytes = writeModel(model);
  const right = await defined(bytes, x);
  const most = right.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
  for (const kernels of ["simd", "plain"] as const) {
    const network = await Network.load(bytes, { kernels });
    const { data } = network.run({ x }).y;
    for (const [i, value] of right.entries()) {
      expect(Math.abs(Number(data[i]) - value) / most, `${kernels}: ${data[i]} for ${value} at ${i}`).toBeLessThan(
        1e-5,
      );
    }
  }
}

interface Drawn {
  readonly seed: number;
  /** Bytes in front of the layer: none, or of a type. */
  readonly input: "float" | "uint8" | "int8";
  readonly weights: "int8" | "uint8";
  /** Whether codes stand for numbers around one that is not in the middle. */
  readonly apart: boolean;
  /** One scale for each output. */
  readonly each: boolean;
  readonly biased: boolean;
  readonly relu: boolean;
}

const drawn = fc.record<Drawn>({
  seed: fc.nat(1e6),
  input: fc.constantFrom("float", "uint8", "int8"),
  weights: fc.constantFrom("int8", "uint8"),
  apart: fc.boolean(),
  each: fc.boolean(),
  biased: fc.boolean(),
  relu: fc.boolean(),
});

class Layers {
  readonly model = emptyModel("quantized");
  readonly graph = new GraphBuilder(this.model);
  readonly #given: Drawn;

  constructor(given: Drawn, dims: readonly (number | null)[]) {
    this.#given = given;
    this.model.opsets.set("", 21);
    this.model.irVersion = 10;
    this.model.inputs.push({ name: "x", dtype: "float32", shape: dims });
    this.graph.reserve("x");
  }

  /** What is fed, as floats or as the floats that bytes stand for. */
  input(): string {
    const { input, seed } = this.#given;
    if (input === "float") return "x";
    const scale = this.graph.scalar("float32", Math.fround(0.02));
    const zero = this.graph.constant(wholes(input, [], seed, -3, 90));
    const bytes = this.graph.emit("QuantizeLinear", ["x", scale, zero]);
    return this.graph.emit("DequantizeLinear", [bytes, scale, zero]);
  }

  weights(dims: readonly number[], axis: number, block = 0): string {
    const { weights, apart, each, seed } = this.#given;
    const low = weights === "int8" ? -128 : 0;
    const codes = this.graph.initializer("w", wholes(weights, dims, seed + 1, low, low + 256));
    const blocks = dims.map((dim, i) => (i === axis ? Math.ceil(dim / block) : dim));
    const of = block > 0 ? blocks : each ? [dims[axis]] : [];
    const scale = this.graph.initializer("scale", between(of, seed + 2, 0.01, 0.02));
    const middle = weights === "int8" ? 0 : 128;
    const zero = wholes(weights, of, seed + 3, apart ? middle - 40 : middle, apart ? middle + 40 : middle + 1);
    const attributes = { axis: int(axis), ...(block > 0 && { block_size: int(block) }) };
    return this.graph.emit("DequantizeLinear", [codes, scale, this.graph.initializer("zero", zero)], attributes);
  }

  bias(count: number): string[] {
    if (!this.#given.biased) return [];
    const { seed } = this.#given;
    const whole = this.graph.initializer("b", wholes("int32", [count], seed + 4, -900, 900));
    return [this.graph.emit("DequantizeLinear", [whole, this.graph.scalar("float32", Math.fround(0.001))])];
  }

  done(output: string): Model {
    const { nodes } = this.model;
    if (this.#given.relu) this.graph.emit("Relu", [output], {}, "y");
    else nodes[nodes.length - 1] = { ...nodes[nodes.length - 1], outputs: ["y"] };
    this.model.outputs.push({ name: "y", dtype: "float32" });
    return this.model;
  }
}

const options = { numRuns: 40, seed: 1 };
const side = fc.integer({ min: 3, max: 9 });

describe("layers whose weights are bytes give what their definition does", () => {
  it("convolutions", () =>
    fc.assert(
      fc.asyncProperty(
        drawn,
        fc.record({
          samples: fc.integer({ min: 1, max: 2 }),
          channels: fc.integer({ min: 1, max: 5 }),
          filters: fc.integer({ min: 1, max: 9 }),
          sides: fc.tuple(side, side),
          kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
          stride: fc.integer({ min: 1, max: 2 }),
          pad: fc.integer({ min: 0, max: 1 }),
          groups: fc.constantFrom(1, 1, 1, 2),
        }),
        async (given, { samples, channels, filters, sides, kernel, stride, pad, groups }) => {
          const dims = [samples, groups * channels, ...sides];
          const layers = new Layers(given, dims);
          const w = layers.weights([groups * filters, channels, ...kernel], 0);
          const attributes: Attributes = {
            group: int(groups),
            strides: ints([stride, stride]),
            pads: ints([pad, 0, 0, pad]),
          };
          const inputs = [layers.input(), w, ...layers.bias(groups * filters)];
          await expectDefined(layers.done(layers.graph.emit("Conv", inputs, attributes)), normals(dims, given.seed));
        },
      ),
      options,
    ));

  it("products, also of weights that are turned, and with a bias behind", () =>
    fc.assert(
      fc.asyncProperty(
        drawn,
        fc.constantFrom("Gemm", "MatMul", "Transpose"),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 37 }),
        fc.integer({ min: 1, max: 11 }),
        async (given, op, turned, samples, length, rows) => {
          const dims = op === "Gemm" ? [samples, length] : [2, samples, length];
          const layers = new Layers(given, dims);
          const { graph } = layers;
          const x = layers.input();
          if (op === "Gemm") {
            const w = layers.weights(turned ? [rows, length] : [length, rows], turned ? 0 : 1);
            const inputs = [x, w, ...layers.bias(rows)];
            await expectDefined(
              layers.done(graph.emit("Gemm", inputs, { transB: int(turned ? 1 : 0) })),
              normals(dims, given.seed),
            );
            return;
          }
          const w =
            op === "MatMul"
              ? layers.weights([length, rows], 1)
              : graph.emit("Transpose", [layers.weights([rows, length], 0)]);
          const [bias] = layers.bias(rows);
          const y = graph.emit("MatMul", [x, w]);
          await expectDefined(layers.done(bias ? graph.emit("Add", [y, bias]) : y), normals(dims, given.seed));
        },
      ),
      options,
    ));

  it("products with a scale for each block of a row", () =>
    fc.assert(
      fc.asyncProperty(
        drawn,
        fc.constantFrom(16, 32),
        fc.boolean(),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 1, max: 11 }),
        async (given, block, turned, samples, length, rows) => {
          const layers = new Layers({ ...given, input: "float" }, [samples, length]);
          const w = layers.weights(turned ? [rows, length] : [length, rows], turned ? 1 : 0, block);
          const inputs = ["x", w, ...layers.bias(rows)];
          const y = layers.graph.emit("Gemm", inputs, { transB: int(turned ? 1 : 0) });
          await expectDefined(layers.done(y), normals([samples, length], given.seed));
        },
      ),
      options,
    ));
});

/** A network of one product with weights of so many outputs and inputs, held as floats or as bytes. */
function product(rows: number, columns: number, how: "float32" | "int8" | "cast" | "bytes in"): Uint8Array {
  const given: Drawn = {
    seed: 1,
    input: how === "bytes in" ? "uint8" : "float",
    weights: "int8",
    apart: false,
    each: true,
    biased: false,
    relu: false,
  };
  const layers = new Layers(given, [null, columns]);
  const { graph } = layers;
  let w = layers.weights([columns, rows], 1);
  if (how === "float32")
    w = graph.initializer("w", float32([columns, rows], new Float32Array(columns * rows).fill(0.5)));
  if (how === "cast") w = graph.emit("Mul", [graph.emit("Cast", ["w"], { to: int(1) }), "scale"]);
  return writeModel(layers.done(graph.emit("MatMul", [layers.input(), w])));
}

it("their weights stay bytes in memory", async () => {
  const sizes: number[] = [];
  const made: Float32Array[] = [];
  for (const how of ["float32", "int8", "cast", "bytes in"] as const) {
    const network = await Network.load(product(256, 512, how));
    for (const samples of [1, 8]) made.push(network.run({ x: normals([samples, 512], 1) }).y.data as Float32Array);
    sizes.push(network.memory.weights);
  }
  // A Cast and a Mul are a DequantizeLinear too.
  expect(made.slice(4, 6)).toEqual(made.slice(2, 4));
  const [floats, ...bytes] = sizes;
  expect(floats).toBeGreaterThan(4 * 256 * 512);
  for (const size of bytes) expect(size).toBeLessThan(1.1 * 256 * 512);
});

it("threads share them", async () => {
  for (const how of ["int8", "bytes in"] as const) {
    const bytes = product(1024, 1024, how);
    const [alone, together] = [await Network.load(bytes), await Network.load(bytes, { threads: 2 })];
    for (const samples of [1, 9]) {
      const x = normals([samples, 1024], 2);
      expect(together.run({ x }).y.data).toEqual(alone.run({ x }).y.data);
    }
    together.release();
  }
});

it("a network from ONNX Runtime's own quantizers keeps its shape: what is quantized, looked up and dequantized", async () => {
  const model = emptyModel("looked up");
  const graph = new GraphBuilder(model);
  model.opsets.set("", 21);
  model.inputs.push({ name: "x", dtype: "int64", shape: [3] });
  const table = graph.initializer("table", wholes("uint8", [7, 5], 1, 0, 256));
  const found = graph.emit("Gather", [table, "x"]);
  const zero = graph.constant(wholes("uint8", [], 2, 100, 120));
  graph.emit("DequantizeLinear", [found, graph.scalar("float32", Math.fround(0.1)), zero], {}, "y");
  model.outputs.push({ name: "y", dtype: "float32" });
  const { y } = (await Network.load(writeModel(model))).run({ x: { dims: [3], data: BigInt64Array.of(6n, 0n, 3n) } });
  const { data } = model.initializers.get("table") as NumericTensor;
  const at = (row: number) =>
    Array.from(
      { length: 5 },
      (_, i) =>
        (Number(data[5 * row + i]) - Number((model.initializers.get(zero) as NumericTensor).data[0])) *
        Math.fround(0.1),
    );
  expect(Array.from(y.data as Float32Array)).toEqual([6, 0, 3].flatMap(at).map(Math.fround));
  expect(sizeOf(y.dims)).toBe(15);
});
