import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { int } from "../../src/onnx/attributes.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { float32, floatsOf, isFloat32, type Tensor } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { permuted } from "../../src/operators/permute.ts";
import { type BlockedCodes, nearestBlocks } from "../../src/quantization/blocks.ts";
import { matrixOf, mayBeFourBits, withFourBits } from "../../src/quantization/four-bits.ts";
import { random } from "../../src/random.ts";
import { Net } from "../operators/net.ts";

const engine = nodeEngine({ threads: 1 });

/** A MatMul, then a Gemm with its weights turned. 40 columns fill no whole number of blocks. */
function products(): Model {
  const net = new Net(1);
  const x = net.input(["batch", 40]);
  const first = net.emit("MatMul", [x, net.weights(40, 24)]);
  const gemm = net.emit("Gemm", [first, net.weights(7, 24), net.weights(7)], { transB: int(1) });
  net.model.outputs = [{ name: gemm }];
  return net.model;
}

/** The weights that codes stand for, [rows, columns]. */
const weightsOf = ({ columns, block, scales, codes }: BlockedCodes) =>
  Float32Array.from(codes, (code, i) => {
    const perRow = Math.ceil(columns / block);
    return code * scales[Math.floor(i / columns) * perRow + Math.floor((i % columns) / block)];
  });

async function outputOf(model: Model) {
  const program = await engine.compile(model);
  const { normal } = random(2, "test");
  const x = float32([3, 40], Float32Array.from({ length: 120 }, normal));
  const found = floatsOf((await program.run({ x }))[model.outputs[0].name]);
  await program.release();
  return found;
}

const float = (tensor: Tensor | undefined) => (isFloat32(tensor) ? tensor : float32([0]));

describe("four bits", () => {
  it.each([16, 32])("in blocks of %i are what ONNX Runtime multiplies by", async (block) => {
    const model = products();
    const layers = layersOf(model);
    const codes = new Map(layers.map((layer) => [layer.weight, nearestBlocks(matrixOf(layer), block)]));
    const [first, second] = layers;
    const written = new Map(model.initializers);
    const rounded = (weight: string) => codes.get(weight) ?? nearestBlocks(matrixOf(first), block);
    written.set(first.weight, float32([40, 24], permuted(weightsOf(rounded(first.weight)), [24, 40], [1, 0])));
    written.set(second.weight, float32([7, 24], weightsOf(rounded(second.weight))));
    const right = await outputOf({ ...model, initializers: written });
    const found = await outputOf(withFourBits(model, codes));
    for (const [i, y] of found.entries()) expect(y).toBeCloseTo(right[i], 3);
  });

  it("of a block of 32 take a sixth of float32, scales included", () => {
    const model = products();
    const [layer] = layersOf(model);
    const made = withFourBits(model, new Map([[layer.weight, nearestBlocks(matrixOf(layer), 32)]]));
    const bytes = [...made.initializers.values()]
      .filter(({ dtype }) => dtype === "uint8")
      .flatMap(({ data }) => [...data]);
    expect(bytes).toHaveLength((24 * 64) / 2);
    expect(made.initializers.has(layer.weight)).toBe(false);
  });

  it("tell the largest weight of a block exactly", () => {
    const data = Float32Array.from({ length: 32 }, (_, i) => (i === 7 ? 5 : Math.sin(i)));
    expect(weightsOf(nearestBlocks({ rows: 1, columns: 32, data }, 32))[7]).toBeCloseTo(5, 6);
  });

  it("are for products alone", () => {
    const net = new Net(1);
    net.model.outputs = [{ name: net.conv(net.input(["batch", 3, 5, 5]), 3) }];
    expect(layersOf(net.model).map((layer) => mayBeFourBits(net.model, layer, 32))).toEqual([false]);
    expect(float(net.model.initializers.get("w")).dims).toHaveLength(4);
  });
});
