import { describe, expect, it } from "vitest";
import { arraySplit } from "../../src/data/array-split.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { memory } from "../../src/data/store.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { through } from "../../src/library/through.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";

const engine = nodeEngine({ threads: 1 });

/** x [batch, 6] -> [batch, 1, 3, 2], three frames of two numbers, each twice what x has. */
function frames(factor = 2): Model {
  const model = emptyModel("frames");
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", "samples"] });
  const graph = new GraphBuilder(model);
  const scaled = graph.emit("Mul", ["x", graph.scalar("float32", factor)]);
  graph.emit("Reshape", [scaled, graph.ints([-1, 1, 3, 2])], {}, "y");
  model.outputs.push({ name: "y", dtype: "float32", shape: ["batch", 1, "time", 2] });
  return model;
}

/** Samples of six numbers that go on: 0 to 5, 6 to 11, ... */
function numbers(count: number, starts?: number[]): Dataset {
  const values = Float32Array.from({ length: 6 * count }, (_, i) => i);
  const labels = Int32Array.from({ length: count }, (_, i) => i);
  const all = arraySplit({ x: { values, size: 6 }, y: { values: labels, size: 1 } }, 0, count);
  const part = { ...all, ...(starts && { stream: { starts } }) };
  return {
    name: "numbers",
    inputs: [{ name: "x", dtype: "float32", shape: [6] }],
    targets: [{ name: "y", dtype: "int32", shape: [] }],
    classes: count,
    train: part,
    validation: part,
    test: part,
  };
}

async function read(data: Dataset, size: number): Promise<number[][]> {
  const into = { frames: new Float32Array(data.test.size * size) };
  await data.test.read(
    Array.from({ length: data.test.size }, (_, i) => i),
    into,
  );
  return Array.from({ length: data.test.size }, (_, i) => [...into.frames.subarray(i * size, (i + 1) * size)]);
}

describe("data through a first network", () => {
  it("is its output, scaled, with the targets that the samples had", async () => {
    const data = await through(engine, frames(), numbers(3), { scale: 0.5, offset: 10 });
    expect(data.inputs).toEqual([{ name: "frames", dtype: "float32", shape: [1, 3, 2] }]);
    expect([data.targets.length, data.classes]).toEqual([1, 3]);
    expect(await read(data, 6)).toEqual([0, 1, 2].map((i) => [0, 1, 2, 3, 4, 5].map((j) => 6 * i + j + 10)));
    const labels = new Int32Array(2);
    await data.test.read([2, 0], { y: labels });
    expect([...labels]).toEqual([2, 0]);
  });

  it("is no windows of frames where none are asked for", async () => {
    await expect(through(engine, frames(), numbers(3, [0]), { frameHop: 2 })).rejects.toThrow(
      "frameHop is about windows of frames: give frames too.",
    );
  });

  it("is windows of frames: over those of each sample, or of a whole recording", async () => {
    const own = await through(engine, frames(1), numbers(2), { frames: 2, frameHop: 1 });
    expect(own.targets).toEqual([]);
    expect(own.inputs[0].shape).toEqual([2, 2]);
    expect(await read(own, 4)).toEqual([
      [0, 1, 2, 3],
      [2, 3, 4, 5],
      [6, 7, 8, 9],
      [8, 9, 10, 11],
    ]);
    // Recordings of one sample and of two, so of three and of six frames.
    const joined = await through(engine, frames(1), numbers(3, [0, 1]), { frames: 4, frameHop: 2 });
    expect(await read(joined, 8)).toEqual([
      [6, 7, 8, 9, 10, 11, 12, 13],
      [10, 11, 12, 13, 14, 15, 16, 17],
    ]);
  });

  it("is computed once for each sample and kept where it is told to", async () => {
    let [room, reads] = [0, 0];
    const data = numbers(4);
    const counted = {
      ...data.train,
      read(...given: Parameters<typeof data.train.read>) {
        reads++;
        return data.train.read(...given);
      },
    };
    const once = { ...data, train: counted, validation: counted, test: counted };
    const storage = (size: number) => {
      room += size;
      return memory(size);
    };
    const found = await through(engine, frames(), once, { frames: 3, storage });
    expect([room, reads]).toEqual([24, 4]);
    await read(found, 6);
    expect(reads).toBe(4);
  });

  it("says what it cannot do", async () => {
    await expect(through(engine, frames(), numbers(2), { frames: 4 })).rejects.toThrow(
      /longest of numbers has fewer frames than the 4 of a sample: give longer data, or fewer frames/,
    );
    await expect(through(engine, frames(Number.POSITIVE_INFINITY), numbers(2))).rejects.toThrow(
      /"frames" gives numbers that are not finite for sample 0 of numbers/,
    );
    const abort = AbortSignal.abort(new Error("enough"));
    await expect(through(engine, frames(), numbers(2), { signal: abort })).rejects.toThrow("enough");
  });
});
