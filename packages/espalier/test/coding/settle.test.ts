import { describe, expect, it } from "vitest";
import { decode } from "../../../runtime/src/codec/whole.ts";
import { encode } from "../../src/coding/encode.ts";
import { followsItself, settle } from "../../src/coding/settle.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { readModel } from "../../src/onnx/read.ts";
import { type FloatTensor, float32 } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";
import { windowedBasis } from "../windowed-basis.ts";

const [rows, size] = [40, 64];
const { uniform } = random(1, "settle");
const noise = float32(
  [rows, size],
  Float32Array.from({ length: rows * size }, () => uniform() - 0.5),
);

/** Bytes of a file with a tensor beyond those of one without. */
function bytesFor(tensor: FloatTensor): number {
  const file = (weights: FloatTensor) => {
    const model = emptyModel("one");
    model.inputs.push({ name: "x", dtype: "float32", shape: [1, tensor.dims[0]] });
    const graph = new GraphBuilder(model);
    model.outputs.push({ name: graph.emit("MatMul", ["x", graph.initializer("w", weights)]) });
    const esp = encode(model);
    expect(readModel(decode(esp)).initializers.get("w")).toEqual(weights);
    return esp.length;
  };
  return file(tensor) - file(float32([1, 1]));
}

describe("a tensor whose elements follow from others in it", () => {
  it("is a Fourier basis or a symmetric one, and not noise", () => {
    expect(followsItself(windowedBasis(Math.cos, rows, size))).toBe(true);
    expect(followsItself(windowedBasis(Math.sin, rows, size))).toBe(true);
    expect(followsItself(noise)).toBe(false);
    const mirrored = noise.data.map((_, t) => noise.data[t - (t % size) + Math.min(t % size, size - 1 - (t % size))]);
    expect(followsItself(float32([rows, size], mirrored))).toBe(true);
  });

  it.each([
    ["cosines", Math.cos],
    ["sines, whose mirror images have the other sign", Math.sin],
  ])("takes next to nothing where it may be a little off: %s", (_, wave) => {
    const basis = windowedBasis(wave, rows, size);
    const near = 1e-4;
    const { tensor, bytes } = settle(basis, () => near);
    const off = Math.max(...tensor.data.map((w, t) => Math.abs(w - basis.data[t])));
    expect(off).toBeGreaterThan(0);
    expect(off).toBeLessThanOrEqual(near);
    // Half of what begins it, three rows, as the rest is foretold; lossless it is several times as much.
    expect(bytes).toBeLessThan(3 * (size / 2) * 4);
    const own = bytesFor(tensor);
    expect(Math.abs(own - bytes)).toBeLessThan(40);
    expect(bytesFor(basis)).toBeGreaterThan(2.5 * own);
  });

  it("is as it came where nothing may be off", () => {
    expect(settle(noise, () => 0).tensor).toEqual(noise);
  });
});
