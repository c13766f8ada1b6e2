import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../espalier/src/coding/encode.ts";
import { int } from "../../espalier/src/onnx/attributes.ts";
import { conv2d, dense, flatten, type LayerBuilder, relu } from "../../espalier/src/onnx/build/layers.ts";
import { sequential } from "../../espalier/src/onnx/build/sequential.ts";
import { GraphBuilder } from "../../espalier/src/onnx/builder.ts";
import type { Model } from "../../espalier/src/onnx/graph.ts";
import { float32, isFloat32 } from "../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../espalier/src/onnx/write.ts";
import { random } from "../../espalier/src/random.ts";
import { machine } from "../src/kernels/machine.ts";
import { PlainMemory } from "../src/kernels/plain.ts";
import { Pool } from "../src/network/memory.ts";
import { Network } from "../src/network/network.ts";

setFlagsFromString("--expose-gc");
const gc: () => void = runInNewContext("gc");

/** A network of which a part of the weights is left. */
function cut(layers: readonly LayerBuilder[], input: readonly number[], density: number): Model {
  const model = sequential(layers, { name: "cut", input, seed: 1 });
  const { uniform } = random(1, "memory");
  for (const tensor of model.initializers.values()) {
    if (!isFloat32(tensor) || tensor.dims.length < 2) continue;
    for (let i = 0; i < tensor.data.length; i++) if (uniform() >= density) tensor.data[i] = 0;
  }
  return model;
}

/** How many weights of each tensor are left. */
const left = ({ initializers }: Model) =>
  [...initializers.values()].map(({ data }) => {
    let count = 0;
    for (const value of data) if (value !== 0) count++;
    return count;
  });

describe("a loaded network", () => {
  it("takes hardly more than its positions and values, where little is left of its weights", async () => {
    const model = cut([dense(300), relu(), dense(100)], [500], 0.1);
    const [first, , second] = left(model);
    for (const bytes of [writeModel(model), encode(model, { mode: "huffman" })]) {
      const { memory } = await Network.load(bytes);
      // Indices of two bytes and values of four; starts of rows and biases.
      expect(memory.sparse).toBe(6 * (first + second) + 4 * (301 + 101) + 4 * (300 + 100));
      expect(memory.weights).toBeLessThan(1.02 * memory.sparse);
      expect(memory.total).toBeLessThan(1.5 * memory.sparse);
      expect(memory.total).toBeGreaterThanOrEqual(memory.weights + memory.activations);
    }
  });

  it("counts two bytes for the indices of wide rows too", async () => {
    const model = cut([dense(2)], [70_000], 0.01);
    const [nonzero] = left(model);
    expect((await Network.load(writeModel(model))).memory.sparse).toBe(6 * nonzero + 4 * 3 + 4 * 2);
  });

  it.each(["an input of a stated shape", "an input of any size"])("keeps nothing of the file: %s", async (which) => {
    const model = cut([conv2d(8, 3), relu(), flatten(), dense(200)], [1, 20, 20], 0.2);
    // Constants of which no weights are made: one large, some small.
    const graph = new GraphBuilder(model);
    const constant = (count: number) =>
      graph.initializer("constant", float32([count], new Float32Array(count).fill(1)));
    const normal = graph.emit("BatchNormalization", [
      model.outputs[0].name,
      ...Array.from({ length: 4 }, () => constant(200)),
    ]);
    const wide = graph.emit("Concat", Array(100).fill(normal), { axis: int(1) });
    model.outputs = [{ name: graph.emit("Add", [wide, constant(20_000)]), dtype: "float32" }];
    if (which === "an input of any size") model.inputs[0] = { ...model.inputs[0], shape: ["n", 1, "height", "width"] };
    const file = writeModel(model);
    // Numbers are read where they lie only if that is at a multiple of four: of four shifts, one lets each be so.
    for (const shift of [0, 1, 2, 3]) {
      const load = async () => {
        const bytes = new Uint8Array(file.length + shift);
        bytes.set(file, shift);
        return { network: await Network.load(bytes.subarray(shift)), buffer: new WeakRef(bytes.buffer) };
      };
      const { network, buffer } = await load();
      const run = () => network.run({ [network.inputs[0]]: { dims: [1, 1, 20, 20], data: new Float32Array(400) } });
      // Its weights can come into their form only when the shape is known.
      if (which === "an input of any size") run();
      for (let i = 0; i < 10 && buffer.deref(); i++) {
        await new Promise((resolve) => setTimeout(resolve));
        gc();
      }
      expect(buffer.deref()).toBeUndefined();
      expect(run()[network.outputs[0]].dims).toEqual([1, 20_000]);
    }
  });

  it("uses the memory between its layers again", async () => {
    const plane = 4 * 16 * 40 * 40;
    const layers = Array.from({ length: 12 }, () => [conv2d(16, 3, { pad: 1 }), relu()]).flat();
    const { memory } = await Network.load(writeModel(cut(layers, [16, 40, 40], 0.2)));
    // What comes in, laid out with its padding, and what goes out, at its pitch and as it is.
    expect(memory.activations).toBeLessThan(4.5 * plane);
    expect(memory.activations).toBeGreaterThan(3 * plane);
  });

  it("gives back what a plan took that cannot be made, and what other shapes took", async () => {
    const model = cut([conv2d(8, 3), relu(), flatten(), dense(50)], [1, 20, 20], 0.2);
    // The sides are left open, so that it is the plan that finds them wrong.
    model.inputs[0] = { ...model.inputs[0], shape: ["n", 1, "height", "width"] };
    const network = await Network.load(writeModel(model));
    const run = (batch: number, side = 20) =>
      network.run({
        [network.inputs[0]]: { dims: [batch, 1, side, side], data: new Float32Array(batch * side * side) },
      });
    run(1);
    const { activations, weights } = network.memory;
    run(8);
    expect(network.memory.activations).toBeGreaterThan(2 * activations);
    for (let i = 0; i < 3; i++) expect(() => run(1, 24)).toThrow(/multiplies/);
    expect(network.memory.activations).toBe(0);
    run(1);
    expect(network.memory).toMatchObject({ activations, weights });
  });
});

it("the memory without WebAssembly grows by little, and in whole numbers of all kinds", () => {
  const memory = new PlainMemory();
  for (let i = 0; i < 20; i++) {
    const bytes = memory.buffer.byteLength + 64;
    memory.reserve(bytes);
    expect(new Float64Array(memory.buffer).byteLength).toBeLessThan(1.3 * bytes);
  }
});

describe("the pool", () => {
  it("gives out no room twice, joins what comes back, and gives all of it back to the heap", async () => {
    const { heap } = await machine({ kernels: "plain" });
    const actions = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 5000 })), { maxLength: 60 });
    fc.assert(
      fc.property(actions, (steps) => {
        const pool = new Pool(heap);
        const held: [at: number, size: number][] = [];
        let [now, most] = [0, 0];
        for (const [release, size] of steps) {
          if (release && held.length > 0) {
            const [[at, bytes]] = held.splice(size % held.length, 1);
            pool.giveBack(at);
            now -= bytes;
          } else {
            held.push([pool.take(size), size]);
            now += size;
          }
          most = Math.max(most, now);
        }
        const taken = heap.used("activations");
        expect(taken).toBeGreaterThanOrEqual(most);
        held.sort(([a], [b]) => a - b);
        for (let i = 1; i < held.length; i++) expect(held[i - 1][0] + held[i - 1][1]).toBeLessThanOrEqual(held[i][0]);
        for (const [at] of held) pool.giveBack(at);
        // What was taken is one room again, where the heap gave it in one stretch.
        pool.take(taken - 64);
        expect(heap.used("activations")).toBe(taken);
        pool.release();
        expect(heap.used()).toBe(0);
      }),
    );
  });
});
