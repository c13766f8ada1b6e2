import { describe, expect, it } from "vitest";
import { differentiate } from "../../../src/autodiff/differentiate.ts";
import { annotate, annotateAdditions } from "../../../src/engine/annotate.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { int, ints, string } from "../../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../../src/onnx/builder.ts";
import { copyModel, emptyModel, type Model } from "../../../src/onnx/graph.ts";
import { gatesOf } from "../../../src/onnx/recurrent.ts";
import { float32, floatsOf } from "../../../src/onnx/tensor.ts";
import { random } from "../../../src/random.ts";
import { openGates } from "../../../src/sharing/scaled/gates.ts";

const engine = nodeEngine({ threads: 1 });
const [STEPS, BATCH, FEATURES, UNITS] = [3, 2, 4, 5];

const drawn = (dims: readonly number[], name: string) => {
  const tensor = float32(dims);
  random(7, name).fillNormal(tensor.data, 0.5);
  return tensor;
};

/** x [steps, batch, features] and the first state -> the sum of all states, weighed. */
function recurrent(op: string, direction: string): Model {
  const directions = direction === "bidirectional" ? 2 : 1;
  const rows = gatesOf({ op }).length * UNITS;
  const model = emptyModel(op);
  model.inputs.push(
    { name: "x", dtype: "float32", shape: [STEPS, BATCH, FEATURES] },
    { name: "first", dtype: "float32", shape: [directions, BATCH, UNITS] },
  );
  const graph = new GraphBuilder(model);
  const w = graph.initializer("w", drawn([directions, rows, FEATURES], "w"));
  const r = graph.initializer("r", drawn([directions, rows, UNITS], "r"));
  const b = graph.initializer("b", drawn([directions, 2 * rows], "b"));
  const y = graph.emit(op, ["x", w, r, b, "", "first"], { hidden_size: int(UNITS), direction: string(direction) });
  const weights = graph.constant(drawn([STEPS, directions, BATCH, UNITS], "loss"));
  graph.emit("ReduceSum", [graph.emit("Mul", [y, weights])], { keepdims: int(0) }, "loss");
  model.outputs.push({ name: "loss" });
  return model;
}

describe("the gates of recurrent nodes", () => {
  it.each([
    ["LSTM", "forward"],
    ["LSTM", "reverse"],
    ["LSTM", "bidirectional"],
    ["RNN", "bidirectional"],
    ["GRU", "forward"],
  ])("are opened: their gradients by what they read are those of W and R (%s, %s)", async (op, direction) => {
    const typed = await annotate(engine, recurrent(op, direction), {});
    const whole = differentiate(typed, "loss", ["w", "r"]);
    whole.model.outputs = ["loss", ...whole.gradients.values()].map((name) => ({ name }));
    const model = copyModel(typed);
    const graph = new GraphBuilder(model, "gates/");
    const layers = openGates(graph, typed);
    expect(layers.map(({ linear }) => linear.layer.weight)).toEqual(["w", "r"]);
    const open = differentiate(await annotateAdditions(engine, model, typed), "loss", [layers[0].output]);
    const after = new GraphBuilder(open.model, "moments/");
    const products = layers.map(({ output, linear }) => {
      const gradient = linear.arrange(after, open.gradients.get(output) ?? "");
      const rows = after.emit("Transpose", [gradient], { perm: ints([0, 2, 1]) });
      return after.emit("MatMul", [rows, linear.unfold(after, linear.input)]);
    });
    open.model.outputs = ["loss", ...products].map((name) => ({ name }));
    const feeds = {
      x: drawn([STEPS, BATCH, FEATURES], "x"),
      first: drawn([typed.inputs[1].shape[0], BATCH, UNITS], "first"),
    };
    const [right, found] = await Promise.all(
      [whole.model, open.model].map(async (each) => {
        const program = await engine.compile(each);
        return Object.values(await program.run(feeds).finally(() => program.release())).map((tensor) =>
          Array.from(floatsOf(tensor)),
        );
      }),
    );
    expect(found[0][0]).toBeCloseTo(right[0][0], 4);
    for (const i of [1, 2]) {
      expect(found[i]).toHaveLength(right[i].length);
      // A GRU's candidate reads a state that its reset gate has let through.
      const exact = op === "GRU" && i === 2 ? 2 * UNITS * UNITS : right[i].length;
      for (let j = 0; j < exact; j++) expect(found[i][j]).toBeCloseTo(right[i][j], 3);
    }
  });
});
