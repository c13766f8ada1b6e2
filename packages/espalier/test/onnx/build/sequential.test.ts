import { describe, expect, it } from "vitest";
import { annotate } from "../../../src/engine/annotate.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { UserError } from "../../../src/errors.ts";
import { caffeXavier, constant, glorot, he, type Initializer } from "../../../src/onnx/build/initializers.ts";
import {
  averagePool,
  conv2d,
  dense,
  dropout,
  flatten,
  globalAveragePool,
  leakyRelu,
  maxPool,
  relu,
  reshape,
  sigmoid,
  softmax,
  tanh,
} from "../../../src/onnx/build/layers.ts";
import { sequential } from "../../../src/onnx/build/sequential.ts";
import { typeOf } from "../../../src/onnx/graph.ts";

const options = { name: "net", input: [3, 9, 9], seed: 1 };

describe("sequential", () => {
  it("agrees with the runtime on every shape", async () => {
    const model = sequential(
      [
        conv2d(6, 3, { pad: 1, stride: 2 }),
        relu(),
        conv2d(4, 3, { groups: 2, pad: 2, dilation: 2, bias: false, name: "grouped" }),
        leakyRelu(),
        maxPool(3, { stride: 2, pad: 1 }),
        averagePool(2, { stride: 1 }),
        sigmoid(),
        reshape([2, 2, 4]),
        tanh(),
        flatten(),
        dropout(0.2),
        dense(5),
        softmax(),
      ],
      options,
    );
    const typed = await annotate(nodeEngine(), model, { batch: 2 });
    expect(typeOf(typed, "logits").dims).toEqual([2, 5]);
    expect(typeOf(typed, "grouped").dims).toEqual([2, 4, 5, 5]);
    expect([...model.initializers.keys()].filter((name) => /weight|bias/.test(name))).toEqual([
      "conv1.weight",
      "conv1.bias",
      "grouped.weight",
      "fc1.weight",
      "fc1.bias",
    ]);
    const pooled = sequential([conv2d(7, 3), globalAveragePool()], options);
    expect(typeOf(await annotate(nodeEngine(), pooled, { batch: 2 }), "logits").dims).toEqual([2, 7]);
  });

  it("gives a layer its own numbers, whatever stands before it", () => {
    const weight = (layers: Parameters<typeof sequential>[0]) =>
      sequential(layers, options).initializers.get("last.weight");
    const last = conv2d(2, 1, { name: "last" });
    expect(weight([relu(), last])).toEqual(weight([conv2d(3, 1), last]));
  });

  it.each<[Parameters<typeof sequential>[0], RegExp]>([
    [[dense(3)], /"fc1" needs a flat input and gets \[3,9,9\]/],
    [[conv2d(2, 11)], /kernel of layer "conv1" reaches over 11/],
    [[conv2d(2, 3, { groups: 2 })], /into 2 groups/],
    [[flatten(), maxPool(2)], /"pool1" needs \[channels, height, width\]/],
    [[reshape([5])], /cannot be reshaped/],
    [[], /has no layers/],
  ])("says what does not fit", (layers, message) => {
    expect(() => sequential(layers, options)).toThrow(UserError);
    expect(() => sequential(layers, options)).toThrow(message);
  });

  it("refuses a dropout ratio that is none", () => {
    expect(() => dropout(1)).toThrow(/ratio 1/);
  });
});

describe("initializers have the spread of their equation", () => {
  it.each<[string, Initializer, number]>([
    ["he", he, Math.sqrt(2 / 75)],
    ["glorot", glorot, Math.sqrt(2 / (75 + 1000))],
    ["caffeXavier", caffeXavier, Math.sqrt(1 / 75)],
    ["constant", constant(3), 3],
  ])("%s", (_, initializer, deviation) => {
    const { data } = initializer([40, 3, 5, 5], 1, "w");
    const square = data.reduce((sum, w) => sum + w * w, 0) / data.length;
    expect(Math.sqrt(square) / deviation).toBeCloseTo(1, 1);
  });
});
