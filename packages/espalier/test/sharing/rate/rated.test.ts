import { beforeAll, describe, expect, it } from "vitest";
import { differentiate } from "../../../src/autodiff/differentiate.ts";
import { annotate } from "../../../src/engine/annotate.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { GraphBuilder } from "../../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../../src/onnx/graph.ts";
import { float32, floatsOf, isFloat32 } from "../../../src/onnx/tensor.ts";
import { random } from "../../../src/random.ts";
import { addBits } from "../../../src/sharing/rate/bits.ts";
import { rated } from "../../../src/sharing/rate/rated.ts";
import { parametersOf, trainableParameters, withParameters } from "../../../src/training/parameters.ts";
import { blobs, trainedBlobNet } from "../../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();

/** The bits of codes, and their slopes. */
async function bitsOf(codes: Float32Array, rows: number, columns: number) {
  const model = emptyModel("bits");
  model.inputs.push({ name: "codes", dtype: "float32", shape: [rows, columns] });
  const bits = addBits(new GraphBuilder(model), { codes: "codes", rows, columns });
  model.outputs.push({ name: bits, dtype: "float32", shape: [] });
  const { model: both, gradients } = differentiate(await annotate(engine, model, { batch: 1 }), bits, ["codes"]);
  const gradient = gradients.get("codes") ?? "";
  const program = await engine.compile({ ...both, outputs: [{ name: bits }, { name: gradient }] });
  const results = await program.run({ codes: float32([rows, columns], codes) });
  await program.release();
  return { slopes: floatsOf(results[gradient]) };
}

describe("the bits of codes", () => {
  it("draw a weight to zero by what it takes to be there, the more the emptier its row and column are", async () => {
    const [rows, columns] = [16, 32];
    const codes = new Float32Array(rows * columns);
    for (let i = 0; i < columns; i++) codes[i] = 1;
    codes[columns] = 0.25;
    codes[2] = 0.75;
    codes[3] = -0.75;
    codes[4] = 3;
    const { slopes } = await bitsOf(codes, rows, columns);
    expect(slopes[columns]).toBeGreaterThan(slopes[2]);
    expect(slopes[2]).toBeGreaterThan(0);
    expect(slopes[3]).toBeCloseTo(-slopes[2], 1);
    expect(slopes[4]).toBeGreaterThan(0);
    expect(slopes[4]).toBeLessThan(slopes[columns]);
  });

  it("slope as much as the next whole number takes more where codes lie anywhere", async () => {
    const { uniform } = random(1, "codes");
    const codes = Float32Array.from({ length: 4096 }, () => {
      const chance = uniform();
      return chance < 0.9 ? 0 : chance < 0.94 ? -1 : chance < 0.98 ? 1 : chance < 0.99 ? 2 : -2;
    });
    const count = (size: number) => codes.filter((code) => Math.abs(code) === size).length;
    codes[0] = 0.4;
    codes[1] = 1.4;
    const { slopes } = await bitsOf(codes, 64, 64);
    const bits = (size: number, signs: number) => -Math.log2(count(size) / 4096 / signs);
    // Of a geometric distribution that magnitude 1 and 2 have a part of four fifths and a fifth of.
    expect(slopes[1]).toBeCloseTo(-Math.log2(1 / 6), 0);
    expect(slopes[0]).toBeGreaterThan(bits(1, 2) - bits(0, 1) - 1);
    expect(slopes[0]).toBeLessThan(bits(1, 2) - bits(0, 1) + 1);
  });
});

describe("a network of codes and steps", () => {
  let net: Model;
  beforeAll(async () => {
    net = await trainedBlobNet(engine, data);
  });

  async function scores(model: Model): Promise<number[]> {
    const image = float32([4, 1, 4, 4]);
    data.validation.read([0, 1, 2, 3], { image: image.data });
    const program = await engine.compile(model);
    const results = await program.run({ [model.inputs[0].name]: image });
    await program.release();
    return [...floatsOf(results[net.outputs[0].name])];
  }

  it("computes what its file says, and no weight is more than half a step off", async () => {
    const { model, plain, parametersOf: written, codesOf } = rated(net);
    const trained = parametersOf(model, trainableParameters(model));
    const file = withParameters(net, written(trained));
    const [a, b] = [await scores(plain), await scores(file)];
    for (const [i, score] of a.entries()) expect(score).toBeCloseTo(b[i], 4);
    const weight = codesOf(trained).get("fc1.weight");
    const before = net.initializers.get("fc1.weight");
    const step = weight?.scales[0] ?? 0;
    expect(step).toBeGreaterThan(0);
    if (!isFloat32(before)) throw new Error("no weights");
    for (const [i, w] of before.data.entries()) {
      expect(Math.abs(w - step * (weight?.codes[i] ?? 0))).toBeLessThanOrEqual(step / 2 + 1e-6);
    }
  });
});
