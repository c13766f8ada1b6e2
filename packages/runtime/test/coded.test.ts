import { describe, expect, it, vi } from "vitest";
import { encode } from "../../espalier/src/coding/encode.ts";
import { int } from "../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../espalier/src/onnx/builder.ts";
import { emptyModel } from "../../espalier/src/onnx/graph.ts";
import { float32, sizeOf } from "../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../espalier/src/onnx/write.ts";
import { random } from "../../espalier/src/random.ts";
import { craft, sectionsOf } from "../../espalier/test/coding/craft.ts";
import { partsOf } from "../src/codec/decode.ts";
import { later } from "../src/codec/further.ts";
import type { Store } from "../src/codec/static.ts";
import { Network, UserError } from "../src/index.ts";
import { CodedTensor, CodedTensors } from "../src/network/coded.ts";
import { readGraph } from "../src/network/read-graph.ts";

/** Layers of every kind whose weights have forms of their own, some of them read twice, and not in the file's order. */
function model() {
  const model = emptyModel("layers");
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", 4, 9, 9] });
  const graph = new GraphBuilder(model);
  const { normal, uniform } = random(1, "coded");
  const weights = (dims: number[], density = 0.3, of = (value: number) => Math.round(4 * value) / 8) =>
    graph.initializer(
      "w",
      float32(
        dims,
        Float32Array.from({ length: sizeOf(dims) }, () => (uniform() < density ? of(normal()) : 0)),
      ),
    );
  // Of few values, as after compression: of a codebook, and numbers times a scale.
  const book = (value: number) => Math.sin(Math.round(3 * value));
  const [late, last] = [weights([40, 7]), weights([7], 1)];
  const maps = graph.emit("Relu", [graph.emit("Conv", ["x", weights([6, 4, 3, 3]), weights([6], 1)])]);
  const apart = graph.emit("Conv", [maps, weights([6, 1, 3, 3], 0.9)], { group: int(6) });
  const flat = graph.emit("Flatten", [apart]);
  const square = weights([40, 40], 0.3, book);
  const first = graph.emit("Gemm", [flat, weights([40, 6 * 25], 0.2, book), weights([40], 1)], { transB: int(1) });
  const again = graph.emit("MatMul", [graph.emit("MatMul", [first, square]), square]);
  const sum = graph.emit("Add", [graph.emit("MatMul", [again, late]), last]);
  model.outputs = [{ name: sum, dtype: "float32" }];
  return model;
}

const MODES = ["context", "huffman"] as const;

describe.each(MODES)("a network from an .esp file in the mode %s", (mode) => {
  const esp = encode(model(), { mode });

  it("computes what that from the .onnx file does, to the bit", async () => {
    const data = Float32Array.from({ length: 2 * 4 * 81 }, random(2, "x").normal);
    const [found, right] = await Promise.all(
      [esp, writeModel(model())].map(async (bytes) => {
        const network = await Network.load(bytes);
        return network.run({ x: { dims: [2, 4, 9, 9], data } })[network.outputs[0]].data;
      }),
    );
    expect(found).toHaveLength(14);
    expect(found).toEqual(right);
  });

  it("has the tensors of the .onnx file, in whatever order and however often they are asked for", () => {
    const right = readGraph(writeModel(model())).constants;
    const names = [...right.keys()];
    for (const order of [names, names.toReversed(), [...names.slice(3), ...names]]) {
      const { graph, ...parts } = partsOf(esp, later);
      const { constants } = readGraph(graph, new CodedTensors({ graph, ...parts }, later));
      const coded = new Set<string>();
      for (const name of order) {
        const source = constants.get(name)?.source;
        const expected = right.get(name)?.data;
        if (!source || !expected) throw new Error(`${name} is not there.`);
        // Small ones stay in the graph.
        if (ArrayBuffer.isView(source)) continue;
        coded.add(name);
        expect(new Float32Array(source.bytes().buffer)).toEqual(expected);
        const one = new Float32Array(expected.length);
        source.floats((at, value) => {
          one[at] = value;
        });
        expect(one).toEqual(expected);
      }
      expect(coded.size).toBeGreaterThan(4);
    }
  });

  it("is refused when it is loaded, in one sentence, where a tensor is damaged in a way that no checksum shows", async () => {
    const { decoded, sections } = sectionsOf(esp);
    // The largest tensor's stream, which goes on otherwise.
    const largest = sections.reduce(
      (most, section, i) => (i > 0 && section.length > sections[most].length ? i : most),
      1,
    );
    let refused = 0;
    for (let at = 0; at < 12; at++) {
      const changed = sections.slice();
      changed[largest] = changed[largest].slice();
      changed[largest].fill(0xff, at, at + 200);
      const error = await Network.load(craft({ decoded, sections: changed })).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (error === undefined) continue;
      expect(error).toBeInstanceOf(UserError);
      expect(String(error)).toMatch(/The file is damaged \(.*\): copy it again/);
      refused++;
    }
    expect(refused).toBeGreaterThan(0);
  });
});

it("the weights of a grouped convolution are decoded once, which does not tell how many are zero", async () => {
  const model = emptyModel("groups");
  model.inputs.push({ name: "x", dtype: "float32", shape: [1, 4, 5, 5] });
  const { normal, uniform } = random(3, "groups");
  // Numbers times a scale for each filter: too many values for a codebook.
  const scales = Float32Array.from({ length: 64 }, () => 1 + uniform());
  const weights = Float32Array.from(
    { length: 64 * 18 },
    (_, t) => scales[Math.floor(t / 18)] * (Math.round(20 * normal()) + 0),
  );
  const graph = new GraphBuilder(model);
  const y = graph.emit("Conv", ["x", graph.initializer("w", float32([64, 2, 3, 3], weights))], { group: int(2) });
  model.outputs = [{ name: y, dtype: "float32" }];
  const decoded = vi.spyOn(CodedTensor.prototype, "bytes");
  const network = await Network.load(encode(model, { version: 2 }));
  network.run({ x: { dims: [1, 4, 5, 5], data: Float32Array.from({ length: 100 }, normal) } });
  expect(decoded).toHaveBeenCalledTimes(1);
  decoded.mockRestore();
});

it("a tensor never gives more words than it says, whether it was decoded before or not", () => {
  const type = { bytes: 16, width: 32, float: true, view: { rows: 1, channels: 4, kernel: 1, width: 1 } } as const;
  const decode = (into: Uint8Array | Store) => {
    for (const [at, word] of [5, 0, 6, 7].entries()) {
      if (typeof into === "function") into(at, word);
      else new DataView(into.buffer).setUint32(4 * at, word, true);
    }
  };
  for (const before of [false, true]) {
    for (const [most, right] of [
      [3, [0, 2, 3]],
      [2, undefined],
    ] as const) {
      const tensor = new CodedTensor(type, most, true, decode);
      if (before) tensor.passOver();
      const places: number[] = [];
      const read = () => tensor.floats((at, value) => void (value !== 0 && places.push(at)));
      if (right) read();
      else expect(read).toThrow("The file is damaged (more words than a tensor says)");
      expect(places).toEqual(right ?? [0, 2]);
    }
  }
});
