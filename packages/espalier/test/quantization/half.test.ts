import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attribute, int } from "../../src/onnx/attributes.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, floatsOf } from "../../src/onnx/tensor.ts";
import { float16Form } from "../../src/quantization/float16-form.ts";
import { alone, smallest } from "../../src/quantization/form.ts";
import { random } from "../../src/random.ts";
import { Net } from "../operators/net.ts";

const engine = nodeEngine({ threads: 1 });

/** Two products with a Softmax between, a mask that halves do not tell, and a value that goes out and is read on. */
function attending(): Model {
  const net = new Net(1);
  const x = net.input(["batch", 6, 16]);
  const scores = net.emit("Add", [net.emit("MatMul", [x, net.weights(16, 16)]), net.number(-1e30)]);
  const kept = net.emit("Sub", [scores, net.number(-1e30)]);
  const soft = net.emit("Softmax", [net.dense(x, 16, 16)], { axis: int(-1) });
  const out = net.emit("Relu", [net.dense(soft, 16, 16)]);
  const last = net.dense(net.emit("Add", [out, net.emit("Mul", [kept, net.number(0)])]), 16, 3);
  net.model.outputs = [out, last].map((name) => ({ name, dtype: "float32" }));
  return net.model;
}

const x = float32([2, 6, 16], Float32Array.from({ length: 192 }, random(2, "test").normal));

async function outputsOf(model: Model) {
  const program = await engine.compile(model);
  const found = await program.run({ x });
  await program.release();
  return model.outputs.map(({ name }) => floatsOf(found[name]));
}

const formOf = async (model: Model) => float16Form(model, await annotate(engine, model, { batch: 1 }));

describe("halves", () => {
  it("keep inputs, outputs and their types, and the outputs to three digits", async () => {
    const model = attending();
    const form = await formOf(model);
    const half = form.write(model, smallest(form));
    const [right, found] = [await outputsOf(model), await outputsOf(half)];
    expect(half.outputs.map(({ name }) => name)).toEqual(model.outputs.map(({ name }) => name));
    for (const [i, outputs] of found.entries()) {
      const most = Math.max(...right[i].map(Math.abs));
      for (const [j, y] of outputs.entries()) expect(Math.abs(y - right[i][j])).toBeLessThan(0.01 * most);
    }
    expect([...half.initializers.values()].filter(({ dtype, dims }) => dtype === "float32" && dims.length > 1)).toEqual(
      [],
    );
  });

  it("leave Softmax, and what a mask is added to, in float32", async () => {
    const model = attending();
    const form = await formOf(model);
    const { nodes, initializers } = form.write(model, smallest(form));
    const makers = new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
    const softmax = nodes.find(({ op }) => op === "Softmax");
    expect(makers.get(softmax?.inputs[0] ?? "")?.op).toBe("Cast");
    const masked = nodes.find(
      ({ op, inputs }) => op === "Add" && inputs.some((name) => initializers.get(name)?.dims.length === 0),
    );
    expect(masked?.inputs.map((name) => initializers.get(name)?.dtype)).toContain("float32");
  });

  it("hold what branches read, which computes in float32", async () => {
    const net = new Net(1);
    const x = net.input(["batch", 16]);
    const [weights, other] = [net.weights(16, 16), net.weights(16, 16)];
    const branch = (name: string, weight: string): Attribute => {
      const graph = { ...emptyModel(name), outputs: [{ name }] };
      graph.nodes.push({ name, op: "MatMul", domain: "", inputs: [x, weight], outputs: [name], attributes: {} });
      return { kind: "graph", value: graph };
    };
    const positive = net.emit("Greater", [net.emit("ReduceSum", [x], { keepdims: int(0) }), net.number(0)]);
    const branches = { then_branch: branch("a", weights), else_branch: branch("b", other) };
    net.model.outputs = [{ name: net.emit("If", [positive], branches), dtype: "float32" }];
    const form = await formOf(net.model);
    const half = form.write(net.model, smallest(form));
    expect([...half.initializers.values()].filter(({ dims }) => dims.length > 1).map(({ dtype }) => dtype)).toEqual([
      "float16",
      "float16",
    ]);
    const program = await engine.compile(half);
    const right = await engine.compile(net.model);
    const feeds = { [x]: float32([2, 16], Float32Array.from({ length: 32 }, random(2, "test").normal)) };
    const [a, b] = [await program.run(feeds), await right.run(feeds)].map((found) => floatsOf(Object.values(found)[0]));
    for (const [i, y] of a.entries()) expect(y).toBeCloseTo(b[i], 1);
    await program.release();
    await right.release();
  });

  it("are in none of the layers that are kept", async () => {
    const model = attending();
    const form = await formOf(model);
    const [first] = form.ways.keys();
    const one = form.write(model, alone(form, first, "float16"));
    expect(
      [...one.initializers.values()].filter(({ dtype, dims }) => dtype === "float16" && dims.length > 1),
    ).toHaveLength(1);
  });
});
