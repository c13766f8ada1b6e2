import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.ts";
import { maximumPlaces } from "../../src/autodiff/pool-places.ts";
import { gradientRules } from "../../src/autodiff/rules.ts";
import { windowsOf } from "../../src/autodiff/window.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { attribute, int, ints } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { float32, sizeOf } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";

const engine = nodeEngine({ threads: 1 });

describe("the places of maxima are the runtime's own, the first of equal ones", () => {
  it.each([
    { input: [2, 3, 6, 4], kernel: [2, 2] },
    { input: [1, 2, 6, 9], kernel: [2, 3] },
    { input: [2, 1, 4, 4], kernel: [4, 4] },
    { input: [1, 1, 3, 5], kernel: [1, 1] },
    // Windows that do not cover the input.
    { input: [1, 2, 7, 5], kernel: [2, 2] },
  ])("$kernel on $input", async ({ input, kernel }) => {
    const model = emptyModel("pool");
    model.inputs.push({ name: "x", dtype: "float32", shape: input });
    const graph = new GraphBuilder(model);
    const attributes = { kernel_shape: ints(kernel), strides: ints(kernel) };
    graph.emit("ReduceSum", [graph.emit("MaxPool", ["x"], attributes)], { keepdims: int(0) }, "loss");
    model.outputs = [{ name: "loss" }];
    let places = "";
    const rules = new Map(gradientRules).set("MaxPool", (context) => {
      places = maximumPlaces(context, windowsOf(context, attribute(context.node, "ints", "kernel_shape", [])));
      return gradientRules.get("MaxPool")?.(context) ?? [];
    });
    const { model: both } = differentiate(await annotate(engine, model, {}), "loss", ["x"], rules);
    const [, own] = new GraphBuilder(both, "own/").emitMany("MaxPool", ["x"], attributes, 2);
    both.outputs = [places, own].map((name) => ({ name }));
    const program = await engine.compile(both);
    // Few different values, so that many windows hold their maximum more than once.
    const stream = random(5, "ties");
    const x = float32(
      input,
      Float32Array.from({ length: sizeOf(input) }, () => stream.below(3) - 1),
    );
    const outputs = await program.run({ x });
    expect(outputs[places].dims).toEqual(outputs[own].dims);
    expect(outputs[places].data).toEqual(outputs[own].data);
    await program.release();
  });
});
