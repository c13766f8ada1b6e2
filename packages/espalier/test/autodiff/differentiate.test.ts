import { describe, expect, it } from "vitest";
import { differentiate, reachedByGradient } from "../../src/autodiff/differentiate.ts";
import { gradientRules } from "../../src/autodiff/rules.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { UserError } from "../../src/errors.ts";
import { int, string } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, scalar } from "../../src/onnx/tensor.ts";
import type { TypedModel } from "../../src/onnx/typed.ts";

const engine = nodeEngine({ threads: 1 });

/** A model over the float32 inputs a and b of shape [2, 2], with the value that `build` ends in summed as its loss. */
async function lossOf(build: (graph: GraphBuilder) => string): Promise<TypedModel> {
  const model = emptyModel("test");
  for (const name of ["a", "b"]) model.inputs.push({ name, dtype: "float32", shape: [2, 2] });
  const graph = new GraphBuilder(model);
  graph.emit("ReduceSum", [build(graph)], { keepdims: int(0) }, "loss");
  model.outputs = [{ name: "loss" }];
  return annotate(engine, model, {});
}

async function gradientOf(model: Model, gradient: string | undefined): Promise<number[]> {
  const program = await engine.compile({ ...model, outputs: [{ name: gradient ?? "" }] });
  const a = float32([2, 2], Float32Array.of(1, 2, 3, 4));
  const b = float32([2, 2], Float32Array.of(5, 6, 7, 8));
  const [result] = Object.values(await program.run({ a, b }));
  await program.release();
  return Array.from(result.data, Number);
}

describe("differentiate", () => {
  it("sums the gradients of a value that is used several times", async () => {
    // loss = sum(a a + a b + a), so d/da = 2a + b + 1.
    const model = await lossOf((graph) =>
      graph.emit("Sum", [graph.emit("Mul", ["a", "a"]), graph.emit("Mul", ["a", "b"]), "a"]),
    );
    const { model: backward, gradients } = differentiate(model, "loss", ["a"]);
    expect(await gradientOf(backward, gradients.get("a"))).toEqual([8, 11, 14, 17]);
  });

  it("builds only what is asked for", async () => {
    const model = await lossOf((graph) => graph.emit("MatMul", [graph.emit("Exp", ["a"]), graph.emit("Tanh", ["b"])]));
    const added = (wrt: string[]) => differentiate(model, "loss", wrt).model.nodes.slice(model.nodes.length);
    const both = added(["a", "b"]);
    const onlyA = added(["a"]);
    expect(onlyA.length).toBeLessThan(both.length);
    // Tanh's gradient is the only one with a Sub.
    expect(both.some(({ op }) => op === "Sub")).toBe(true);
    expect(onlyA.some(({ op }) => op === "Sub")).toBe(false);
  });

  it("leaves the given model alone", async () => {
    const model = await lossOf((graph) => graph.emit("Mul", ["a", "b"]));
    const before = model.nodes.length;
    differentiate(model, "loss", ["a"]);
    expect(model.nodes.length).toBe(before);
  });

  it("names the operator, the node and the way out where a rule is missing", async () => {
    const model = await lossOf((graph) => graph.emit("Det", ["a"], {}, "volume"));
    const attempt = () => differentiate(model, "loss", ["a"]);
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(/operator Det at node "volume".*pass a rule for "Det"/);
  });

  it("names what a rule does not cover", async () => {
    const model = await lossOf((graph) => graph.emit("Einsum", ["a"], { equation: string("ii->i") }, "diagonal"));
    expect(() => differentiate(model, "loss", ["a"])).toThrow(/node "diagonal" \(Einsum\) .* \(a diagonal\)/);
  });

  it("takes a user's own rules, also for operators that end gradients", async () => {
    const model = await lossOf((graph) => graph.emit("Mul", [graph.emit("Round", ["a"]), "b"]));
    expect(() => differentiate(model, "loss", ["a"])).toThrow(/depends on none of a/);
    const straightThrough = new Map(gradientRules).set("Round", ({ gradient }) => [gradient]);
    const { model: backward, gradients } = differentiate(model, "loss", ["a"], straightThrough);
    expect(await gradientOf(backward, gradients.get("a"))).toEqual([5, 6, 7, 8]);
  });

  it("does not look at operators that the parameters do not reach", async () => {
    const model = await lossOf((graph) => graph.emit("Mul", ["a", graph.emit("Det", ["b"])]));
    expect(() => differentiate(model, "loss", ["a"])).not.toThrow();
  });

  it("leaves arithmetic on shapes alone", async () => {
    // a / the number of its rows, found by an export's way of counting.
    const model = await lossOf((graph) => {
      const rows = graph.emit("Gather", [graph.emit("Shape", ["a"]), graph.scalar("int64", 0)]);
      return graph.emit("Div", ["a", graph.emit("Cast", [rows], { to: int(1) })]);
    });
    const { model: backward, gradients } = differentiate(model, "loss", ["a"]);
    expect(await gradientOf(backward, gradients.get("a"))).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(backward.nodes.filter(({ op }) => op === "Shape")).toHaveLength(1);
  });

  it("says which values a gradient reaches", async () => {
    const model = await lossOf((graph) => graph.emit("Add", ["a", graph.emit("Round", ["b"])]));
    expect(reachedByGradient(model, "loss", ["a", "b", "c"])).toEqual(["a"]);
  });

  it("refuses a loss that is not a number, or that does not depend on what is asked", async () => {
    const model = await lossOf((graph) => graph.emit("Mul", ["a", "a"], {}, "square"));
    expect(() => differentiate(model, "square", ["a"])).toThrow(/shape \[2,2\]: reduce it/);
    expect(() => differentiate(model, "loss", ["b"])).toThrow(/depends on none of b/);
    expect(() => differentiate(model, "loss", ["a", "b"])).toThrow(/does not depend on "b"/);
  });

  it("uses the very mask that a Dropout drew", async () => {
    const model = await lossOf((graph) =>
      graph.emit("Dropout", ["a", graph.scalar("float32", 0.5), graph.constant(scalar("bool", 1))], {}, "dropped"),
    );
    const { model: backward, gradients } = differentiate(model, "loss", ["a"]);
    backward.outputs = ["dropped", gradients.get("a") ?? ""].map((name) => ({ name }));
    const program = await engine.compile(backward);
    for (let run = 0; run < 5; run++) {
      const a = float32([2, 2], Float32Array.of(1, 1, 1, 1));
      const outputs = await program.run({ a, b: a });
      expect(outputs[gradients.get("a") ?? ""].data).toEqual(outputs.dropped.data);
    }
    await program.release();
  });
});
