import fc from "fast-check";
import { expect, it } from "vitest";
import { nodeEngine } from "../../../espalier/src/engine/node.ts";
import { int, ints } from "../../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../../espalier/src/onnx/builder.ts";
import { emptyModel } from "../../../espalier/src/onnx/graph.ts";
import { float32, sizeOf } from "../../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../../espalier/src/onnx/write.ts";
import { random } from "../../../espalier/src/random.ts";
import { Network, type NetworkOptions } from "../../src/network/network.ts";

const engine = nodeEngine({ threads: 1 });
const each = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));

const drawn = fc.record({
  channels: fc.integer({ min: 2, max: 9 }),
  batch: fc.integer({ min: 1, max: 2 }),
  size: each(7, 30),
  kernel: fc.oneof(fc.constant<[number, number]>([3, 3]), fc.constant<[number, number]>([5, 5]), each(1, 4)),
  strides: fc.oneof(fc.constant<[number, number]>([1, 1]), fc.constant<[number, number]>([2, 2]), each(1, 3)),
  dilations: fc.oneof(fc.constant<[number, number]>([1, 1]), each(1, 2)),
  begin: each(0, 2),
  end: each(0, 2),
  bias: fc.boolean(),
  relu: fc.boolean(),
  density: fc.constantFrom(0.1, 0.6, 1),
  seed: fc.nat(1e6),
});

const WAYS: readonly NetworkOptions[] = [{}, { kernels: "plain" }];

it("a depthwise convolution is that of ONNX Runtime, whatever its windows are", async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async (given) => {
      const { channels, batch, size, kernel, strides, dilations, begin, end, bias, relu, density, seed } = given;
      const model = emptyModel("depthwise");
      model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", channels, ...size] });
      const graph = new GraphBuilder(model);
      const { normal, uniform } = random(seed, "depthwise");
      const weights = (dims: number[]) =>
        graph.initializer(
          "w",
          float32(
            dims,
            Float32Array.from({ length: sizeOf(dims) }, () => (uniform() < density ? normal() : 0)),
          ),
        );
      const conv = graph.emit(
        "Conv",
        ["x", weights([channels, 1, ...kernel]), ...(bias ? [weights([channels])] : [])],
        { group: int(channels), strides: ints(strides), dilations: ints(dilations), pads: ints([...begin, ...end]) },
      );
      model.outputs = [{ name: relu ? graph.emit("Relu", [conv]) : conv, dtype: "float32" }];
      const dims = [batch, channels, ...size];
      const data = Float32Array.from({ length: sizeOf(dims) }, normal);
      const program = await engine.compile(model);
      const right = (await program.run({ x: { dtype: "float32", dims, data } }))[model.outputs[0].name];
      await program.release();
      const numbers = Array.from(right.data, Number);
      const most = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 1e-3);
      for (const options of WAYS) {
        const found = (await Network.load(writeModel(model), options)).run({ x: { dims, data } })[
          model.outputs[0].name
        ];
        expect(found.dims).toEqual(right.dims);
        const apart = numbers.reduce((a, b, i) => Math.max(a, Math.abs(b - Number(found.data[i]))), 0);
        expect(apart / most).toBeLessThan(1e-5);
      }
    }),
    { numRuns: 80, seed: 1 },
  );
});
