import { describe, expect, it } from "vitest";
import { differentiate } from "../../src/autodiff/differentiate.ts";
import { type Attributes, float, int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { type TypedModel, typedModel } from "../../src/onnx/typed.ts";

/** A recurrent layer of one unit, typed, whose last state is the loss. */
function layer(op: string, gates: number, attributes: Attributes, peepholes = false): TypedModel {
  const model = emptyModel("layer");
  const inputs = { x: [2, 1, 1], w: [1, gates, 1], r: [1, gates, 1], p: [1, 3] };
  for (const [name, shape] of Object.entries(inputs)) model.inputs.push({ name, dtype: "float32", shape });
  const read = ["x", "w", "r", ...(peepholes ? ["", "", "", "", "p"] : [])];
  const [all, last] = new GraphBuilder(model).emitMany(op, read, { hidden_size: int(1), ...attributes }, 2);
  model.values.set(all, { name: all, dtype: "float32", shape: [2, 1, 1, 1] });
  model.outputs.push({ name: last, dtype: "float32", shape: [1, 1, 1] });
  return typedModel(model);
}

const strings = (...value: string[]): Attributes => ({ activations: { kind: "strings", value } });

describe("the gradient of a recurrent layer", () => {
  it.each([
    ["peepholes", layer("LSTM", 4, {}, true)],
    ["coupled gates (input_forget)", layer("LSTM", 4, { input_forget: int(1) })],
    ["clipped gates (clip)", layer("GRU", 3, { clip: float(3) })],
    ["the layout 1", layer("RNN", 1, { layout: int(1) })],
    ['the activation "relu" there', layer("LSTM", 4, strings("Sigmoid", "Relu", "Tanh"))],
    ['the activation "hardsigmoid" there', layer("GRU", 3, strings("HardSigmoid", "Tanh"))],
    ['the activation "affine" there', layer("RNN", 1, strings("Affine"))],
  ])("says that it does not cover %s", (what, model) => {
    const [{ name }] = model.outputs;
    expect(() => differentiate(model, name, ["w"])).toThrow(`is not known for ${what}: pass a rule of your own`);
  });

  it("takes the names of activations in any case", () => {
    const model = layer("LSTM", 4, strings("SIGMOID", "tanh", "Tanh"));
    expect(differentiate(model, model.outputs[0].name, ["w", "r"]).gradients.size).toBe(2);
  });
});
