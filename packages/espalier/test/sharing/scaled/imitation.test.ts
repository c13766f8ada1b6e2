import { beforeAll, describe, expect, it } from "vitest";
import { nodeEngine } from "../../../src/engine/node.ts";
import { GraphBuilder } from "../../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../../src/onnx/graph.ts";
import { float32, floatsOf, isFloat32 } from "../../../src/onnx/tensor.ts";
import { imitate } from "../../../src/sharing/scaled/imitation.ts";
import type { Scaling } from "../../../src/sharing/scaled/rounded.ts";
import { Scaler } from "../../../src/sharing/scaled/scale-network.ts";
import { scaleFor, writtenOut } from "../../../src/sharing/scaled/scaled.ts";
import { statisticsOf } from "../../../src/sharing/scaled/statistics.ts";
import { rounding } from "../../../src/sharing/scaled/straight-through.ts";
import { beside } from "../../../src/training/beside.ts";
import { blobs, trainedBlobNet } from "../../blobs.ts";
import { scaledOf } from "./scaled-of.ts";

const engine = nodeEngine({ threads: 1 });
const labelled = blobs();
const data = { ...labelled, targets: [] };
let net: Model;

beforeAll(async () => {
  net = await trainedBlobNet(engine, labelled);
});

async function outputs(model: Model, names: readonly string[]): Promise<Float32Array[]> {
  const image = float32([4, 1, 4, 4]);
  data.validation.read([0, 1, 2, 3], { image: image.data });
  const program = await engine.compile(model);
  const results = await program.run({ [model.inputs[0].name]: image });
  await program.release();
  return names.map((name) => floatsOf(results[name]));
}

describe("a teacher beside a network", () => {
  it("computes what it computes alone, and so does the network", async () => {
    const scale = net.initializers.get("fc1.weight");
    if (!isFloat32(scale)) throw new Error("no weights");
    const other = { ...net, initializers: new Map(net.initializers) };
    other.initializers.set(
      "fc1.weight",
      float32(
        scale.dims,
        scale.data.map((w) => 2 * w),
      ),
    );
    const { model, frozen } = beside(other, net);
    const [own, teacher] = model.outputs.map(({ name }) => name);
    const [a, b] = await outputs(model, [own, teacher]);
    const [alone] = await outputs(other, [other.outputs[0].name]);
    const [right] = await outputs(net, [net.outputs[0].name]);
    expect([...a]).toEqual([...alone]);
    expect([...b]).toEqual([...right]);
    expect([...a]).not.toEqual([...b]);
    expect(frozen.has("teacher/fc1.weight")).toBe(true);
  });
});

describe("a network that rounds", () => {
  it("computes from its codes, halves to the even number, and gives them back", async () => {
    const model = emptyModel("one");
    model.inputs.push({ name: "x", dtype: "float32", shape: [1, 2] });
    const graph = new GraphBuilder(model);
    const w = graph.initializer("w", float32([2, 2], Float32Array.of(3, 0, 1, 2)));
    model.outputs.push({ name: graph.emit("MatMul", ["x", w]) });
    const scaling: Scaling = new Map([
      ["w", { dims: [2, 2], inner: 1, scales: Float32Array.of(0.5, 2), codes: Int16Array.of(6, 0, 2, 1) }],
    ]);
    const { model: rounds, parameters, masks, read } = rounding(model, scaling);
    const program = await engine.compile(rounds);
    const results = await program.run({ x: float32([1, 2], Float32Array.of(1, 10)) });
    await program.release();
    expect([...floatsOf(results[model.outputs[0].name])]).toEqual([13, 20]);
    expect([...(masks.get(parameters[0])?.data ?? [])]).toEqual([1, 0, 1, 1]);
    const trained = read(new Map([[parameters[0], float32([2, 2], Float32Array.of(6.5, 0.4, 1.5, -2.6))]]));
    expect([...scaledOf(trained, "w").codes]).toEqual([6, 0, 2, -3]);
    expect(scaledOf(trained, "w").scales).toEqual(scaledOf(scaling, "w").scales);
  });

  it("moves scales from one that a file tells for little to another, and rounds what they stand before anew", async () => {
    const model = emptyModel("one");
    model.inputs.push({ name: "x", dtype: "float32", shape: [1, 2] });
    const graph = new GraphBuilder(model);
    const w = graph.initializer("w", float32([2, 2], Float32Array.of(3, 6, 1, 4)));
    model.outputs.push({ name: graph.emit("MatMul", ["x", w]) });
    const tensor = { dims: [2, 2], inner: 1, scales: Float32Array.of(0.5, 2), codes: Int16Array.of(6, 3, 2, 2) };
    for (const [dtype, step] of [
      ["float32", 2 ** 0.25],
      ["float16", 2],
    ] as const) {
      const { model: rounds, parameters, read } = rounding(model, new Map([["w", tensor]]), () => dtype);
      const [codes, steps] = parameters.map((name) => [name, rounds.initializers.get(name)] as const);
      expect(steps[1]?.dims).toEqual([1, 2, 1]);
      const moved = float32([1, 2, 1], Float32Array.of(-0.5, 0.2));
      rounds.initializers.set(steps[0], moved);
      const program = await engine.compile(rounds);
      const { [model.outputs[0].name]: result } = await program.run({ x: float32([1, 2], Float32Array.of(1, 1)) });
      await program.release();
      if (!isFloat32(codes[1])) throw new Error("no codes");
      const made = scaledOf(
        read(
          new Map([
            [codes[0], codes[1]],
            [steps[0], moved],
          ]),
        ),
        "w",
      );
      expect(made.scales[0]).toBe(scaleFor(0.5 / step));
      expect(made.scales[1]).toBe(2);
      expect([...made.codes]).toEqual([Math.round(6 * step), 3, Math.round(2 * step), 2]);
      const { data } = writtenOut(made);
      expect(floatsOf(result)[0]).toBeCloseTo(data[0] + data[2], 1);
      expect(floatsOf(result)[1]).toBe(10);
    }
  });
});

describe("imitation", () => {
  it("brings a coarse network nearer to the one that came, the same way for the same seed", async () => {
    const statistics = await statisticsOf(engine, net, data, { batch: 20, seed: 1, kinds: ["scores"] });
    const start = await new Scaler(statistics).scale(0.3);
    const run = async () => {
      const losses: number[] = [];
      let last: Scaling = start;
      const { scales } = statistics;
      await imitate(engine, net, start, data, {
        ...{ epochs: 8, rate: 0.03, batch: 20, seed: 1, kinds: ["scores"], scales },
        onEpoch: async (_, loss, scaling) => {
          losses.push(loss);
          last = scaling;
          return losses.length === 8;
        },
      });
      return { losses, last };
    };
    const { losses, last } = await run();
    expect(losses[7]).toBeLessThan(0.8 * losses[0]);
    expect([...last.keys()]).toEqual([...start.keys()]);
    const [before, after] = [start, last].map((scaling) => scaledOf(scaling, "fc1.weight").scales);
    expect(after).not.toEqual(before);
    for (const scale of after) expect(scaleFor(scale)).toBe(scale);
    expect(await run()).toEqual({ losses, last });
  });

  it("goes on with other samples in each epoch where there are more than an epoch takes", async () => {
    const statistics = await statisticsOf(engine, net, data, { batch: 20, seed: 1, kinds: ["scores"] });
    const start = await new Scaler(statistics).scale(0.3);
    const seen: number[][] = [[]];
    const { train } = data;
    const stream = { starts: [0] };
    const watched = {
      ...train,
      stream,
      read(indices: Uint32Array, into: Parameters<typeof train.read>[1]) {
        seen.at(-1)?.push(...indices);
        return train.read(indices, into);
      },
    };
    await imitate(
      engine,
      net,
      start,
      { ...data, train: watched },
      {
        ...{ epochs: 2, samples: 100, batch: 20, seed: 1, kinds: ["scores"], scales: statistics.scales },
        onEpoch: async (epoch) => {
          if (epoch === 1) seen.push([]);
          return false;
        },
      },
    );
    const [first, second] = seen;
    expect([first.length, second.length]).toEqual([100, 100]);
    expect(second.filter((sample) => first.includes(sample))).toEqual([]);
  });
});
