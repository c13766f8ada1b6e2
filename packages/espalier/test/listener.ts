import { arraySplit } from "../src/data/array-split.ts";
import type { Dataset } from "../src/data/dataset.ts";
import { int } from "../src/onnx/attributes.ts";
import { GraphBuilder } from "../src/onnx/builder.ts";
import { emptyModel, type Model } from "../src/onnx/graph.ts";
import { float32, isFloat32 } from "../src/onnx/tensor.ts";
import { random } from "../src/random.ts";

const [FEATURES, UNITS] = [3, 6];

/**
 * A network that hears a frame at a time: x [n, 3] and state [2, n, 6], which an LSTM takes on -> p [n, 1], the
 * probability of something, and stateN. What it remembers decides most of what it says.
 */
export function listener(): Model {
  const model = emptyModel("listener");
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", FEATURES] });
  model.inputs.push({ name: "state", dtype: "float32", shape: [2, null, UNITS] });
  const graph = new GraphBuilder(model);
  const drawn = (name: string, dims: readonly number[], deviation: number) => {
    const tensor = float32(dims);
    random(3, name).fillNormal(tensor.data, deviation);
    return graph.initializer(name, tensor);
  };
  const w = drawn("w", [1, 4 * UNITS, FEATURES], 0.7);
  const r = drawn("r", [1, 4 * UNITS, UNITS], 0.9);
  const b = drawn("b", [1, 8 * UNITS], 0.3);
  const [h, c] = [0, 1].map((i) => graph.emit("Gather", ["state", graph.ints([i])], { axis: int(0) }));
  const step = graph.emit("Unsqueeze", ["x", graph.ints([0])]);
  model.nodes.push({
    name: "rnn",
    op: "LSTM",
    domain: "",
    inputs: [step, w, r, b, "", h, c],
    outputs: ["", "h", "c"],
    attributes: { hidden_size: int(UNITS) },
  });
  graph.emit("Concat", ["h", "c"], { axis: int(0) }, "stateN");
  const v = drawn("v", [UNITS, 1], 3);
  graph.emit("Sigmoid", [graph.emit("MatMul", [graph.emit("Squeeze", ["h", graph.ints([0])]), v])], {}, "p");
  model.outputs = [
    { name: "p", dtype: "float32", shape: ["batch", 1] },
    { name: "stateN", dtype: "float32", shape: [2, null, UNITS] },
  ];
  return model;
}

/** The listener with hardly any weights from its state. */
export function forgetful(): Model {
  const model = listener();
  const r = model.initializers.get("r");
  if (isFloat32(r))
    model.initializers.set(
      "r",
      float32(
        r.dims,
        r.data.map((w) => 0.01 * w),
      ),
    );
  return model;
}

/** Recordings of 40 frames each. */
export function recordings(count = 12): Dataset {
  const size = 40 * count;
  const part = (name: string) => {
    const values = Float32Array.from({ length: size * FEATURES }, random(1, name).normal);
    const starts = Array.from({ length: count }, (_, i) => 40 * i);
    return { ...arraySplit({ x: { values, size: FEATURES } }, 0, size), stream: { starts } };
  };
  return {
    name: "recordings",
    inputs: [{ name: "x", dtype: "float32", shape: [FEATURES] }],
    targets: [],
    train: part("train"),
    validation: part("validation"),
    test: part("test"),
  };
}
