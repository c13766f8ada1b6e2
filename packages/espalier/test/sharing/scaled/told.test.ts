import { describe, expect, it } from "vitest";
import { annotate } from "../../../src/engine/annotate.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { int } from "../../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../../src/onnx/builder.ts";
import { emptyModel } from "../../../src/onnx/graph.ts";
import { float32 } from "../../../src/onnx/tensor.ts";
import { random } from "../../../src/random.ts";
import { asTold } from "../../../src/sharing/scaled/as-told.ts";
import { toldBy } from "../../../src/sharing/scaled/told.ts";

const engine = nodeEngine({ threads: 1 });
const line = (numbers: readonly number[]) => float32([numbers.length], Float32Array.from(numbers));

/** y = BatchNormalization(x) of two channels, then twice that. */
function normalized(variance: readonly number[], attributes = {}) {
  const model = emptyModel("normalized");
  model.inputs = [{ name: "x", dtype: "float32", shape: ["batch", 2, 3] }];
  model.outputs = [{ name: "twice" }];
  const graph = new GraphBuilder(model);
  const numbers = [[-3, 0.5], [1, -2], [7, 8], variance].map((own, i) => graph.initializer(`p${i}`, line(own)));
  graph.emit("BatchNormalization", ["x", ...numbers], attributes, "y");
  graph.emit("Mul", ["y", graph.scalar("float32", 2)], {}, "twice");
  return model;
}

describe("what a network tells of real inputs", () => {
  it("is the mean and the deviation of each channel behind a BatchNormalization, 0 where a channel never changed", () => {
    const told = toldBy(normalized([4, 0])).get("y");
    expect([...(told?.mean ?? [])]).toEqual([1, -2]);
    expect(told?.deviation[0]).toBeCloseTo(3, 4);
    expect(told?.deviation[1]).toBe(0);
  });

  it.each([
    ["a variance is negative", [4, -1], {}],
    ["a variance is no number", [Number.NaN, 1], {}],
    ["a variance is infinite", [Number.POSITIVE_INFINITY, 1], {}],
    ["there are too few", [4], {}],
    ["they are taken anew from each batch", [4, 1], { training_mode: int(1) }],
  ])("is nothing where %s", (_, variance, attributes) => {
    expect(toldBy(normalized(variance, attributes)).size).toBe(0);
  });
});

describe("a network made to be as it tells", () => {
  it("has that mean and deviation on noise, whatever its layers make of it", async () => {
    const model = normalized([4, 1]);
    const typed = await annotate(engine, model, { batch: 50 });
    const { normal } = random(1, "fed");
    const x = float32(
      [50, 2, 3],
      Float32Array.from({ length: 300 }, () => normal() + 5),
    );
    const { model: moved, count } = await asTold(engine, typed, toldBy(model), { x });
    expect(count).toBe(1);
    const program = await engine.compile(moved);
    const { twice } = await program.run({ x });
    await program.release();
    for (const [channel, mean, deviation] of [
      [0, 2, 6],
      [1, -4, 1],
    ]) {
      const own = Array.from(twice.data, Number).filter((_, i) => Math.floor(i / 3) % 2 === channel);
      const found = own.reduce((sum, y) => sum + y / own.length, 0);
      expect(found).toBeCloseTo(mean, 3);
      expect(Math.sqrt(own.reduce((sum, y) => sum + (y - found) ** 2 / own.length, 0))).toBeCloseTo(deviation, 3);
    }
  });

  it("stays as it is where channels are others than those that are told, or too few places show a deviation", async () => {
    const model = normalized([4, 1]);
    const typed = await annotate(engine, model, { batch: 2 });
    const x = float32([2, 2, 3]);
    const other = new Map([["y", { mean: new Float64Array(3), deviation: new Float64Array(3) }]]);
    expect(await asTold(engine, typed, other, { x })).toEqual({ model: typed, count: 0 });
    expect(await asTold(engine, typed, toldBy(model), { x })).toEqual({ model: typed, count: 0 });
  });
});
