import { describe, expect, it } from "vitest";
import { float, ints } from "../../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../../espalier/src/onnx/builder.ts";
import { emptyModel, type Model } from "../../../espalier/src/onnx/graph.ts";
import { writeModel } from "../../../espalier/src/onnx/write.ts";
import { fused } from "../../src/network/fuse.ts";
import { hardSwishesFused } from "../../src/network/fuse-hard-swish.ts";
import { readGraph } from "../../src/network/read-graph.ts";
import { expectEqual, numbers, scalarOf } from "./against-onnxruntime.ts";

/** A model over an image of two channels. */
function modelOf(set: number, build: (graph: GraphBuilder, constant: (dims: number[]) => string) => string): Model {
  const model = emptyModel("fusion");
  model.opsets.set("", set);
  model.inputs.push({ name: "x", dtype: "float32", shape: [null, null, null, null] });
  const graph = new GraphBuilder(model);
  let seed = 0;
  const constant = (dims: number[]) => graph.initializer("c", numbers("float32", dims, ++seed));
  model.outputs.push({ name: build(graph, constant) });
  return model;
}

/** The operators that are left of a model. */
function leftOf(model: Model): string[] {
  return hardSwishesFused(fused(readGraph(writeModel(model)))).nodes.map(({ op }) => op);
}

const feeds = { x: numbers("float32", [2, 2, 5, 4], 9) };

describe("behind a convolution, constants go into it:", () => {
  it.each<[string, number[], string[]]>([
    ["one number", [], ["Conv"]],
    ["one number in a list", [1], ["Conv"]],
    ["one of each channel", [3, 1, 1], ["Conv"]],
    ["one of each channel, in its shape", [1, 3, 1, 1], ["Conv"]],
    ["but none of each column", [3], ["Conv", "Mul", "Add"]],
    ["but none that adds an axis", [1, 1, 1, 1, 1], ["Conv", "Mul", "Add"]],
  ])("%s", async (_, dims, left) => {
    for (const biased of [true, false]) {
      const model = modelOf(13, (graph, constant) => {
        const filters = [constant([3, 2, 2, 2]), ...(biased ? [constant([3])] : [])];
        const product = graph.emit("Mul", [constant(dims), graph.emit("Conv", ["x", ...filters])]);
        return graph.emit("Add", [product, constant(dims)]);
      });
      expect(leftOf(model)).toEqual(left);
      await expectEqual(model, feeds);
    }
  });

  it("not where the convolution is read elsewhere too", async () => {
    const model = modelOf(13, (graph, constant) => {
      const conv = graph.emit("Conv", ["x", constant([3, 2, 1, 1])], { kernel_shape: ints([1, 1]) });
      return graph.emit("Add", [graph.emit("Mul", [conv, constant([])]), conv]);
    });
    expect(leftOf(model)).toEqual(["Conv", "Mul", "Add"]);
    await expectEqual(model, feeds);
  });
});

describe("x clip(x + 3, 0, 6) / 6 becomes HardSwish", () => {
  const swish = (set: number, [three, six, last]: readonly number[], other = false) =>
    modelOf(set, (graph) => {
      const number = (value: number) => graph.initializer("n", scalarOf("float32", value));
      const sum = graph.emit("Add", ["x", number(three)]);
      const bounds = set < 11 ? [] : [number(0), number(six)];
      const clip = graph.emit("Clip", [sum, ...bounds], set < 11 ? { min: float(0), max: float(six) } : {});
      const y = graph.emit("Div", [graph.emit("Mul", other ? [clip, "x"] : ["x", clip]), number(last)]);
      return other ? graph.emit("Add", [y, clip]) : y;
    });

  it.each([9, 11, 13])("in operator set %d", async (set) => {
    const model = swish(set, [3, 6, 6]);
    expect(leftOf(model)).toEqual(["HardSwish"]);
    await expectEqual(model, feeds);
  });

  it.each([
    ["another number is added", [2, 6, 6], false],
    ["it is clipped elsewhere", [3, 5, 6], false],
    ["it is divided by another number", [3, 6, 5], false],
    ["what it is made of is read too", [3, 6, 6], true],
  ])("but not where %s", async (_, constants, other) => {
    const model = swish(13, constants, other);
    expect(leftOf(model)).not.toContain("HardSwish");
    await expectEqual(model, feeds);
  });
});
