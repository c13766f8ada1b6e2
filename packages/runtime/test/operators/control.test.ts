import { describe, expect, it } from "vitest";
import { type Attributes, int, ints } from "../../../espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../../../espalier/src/onnx/builder.ts";
import { emptyModel, type Graph, type Value } from "../../../espalier/src/onnx/graph.ts";
import type { NumericTensor } from "../../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../../espalier/src/onnx/write.ts";
import { Network } from "../../src/network/network.ts";
import { expectEqual, list, numbers, scalarOf } from "./against-onnxruntime.ts";

const float = (name: string, rank: number): Value => ({ name, dtype: "float32", shape: Array(rank).fill(null) });
const number: Value = { name: "i", dtype: "int64", shape: [] };
const going: Value = { name: "on", dtype: "bool", shape: [] };

/** A body over some inputs; what it gives is named with its element type and rank. */
function bodyOf(inputs: readonly Value[], build: (graph: GraphBuilder) => Value[]): Graph {
  const body = emptyModel("body");
  body.inputs.push(...inputs);
  body.outputs = build(new GraphBuilder(body, "body/"));
  return body;
}

/** A model of one node with a body. */
function modelOf(op: string, inputs: readonly Value[], body: Graph, outputs: number, attributes: Attributes = {}) {
  const model = emptyModel("control");
  model.opsets.set("", 16);
  model.inputs.push(...inputs);
  const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const all = { body: { kind: "graph", value: body } as const, ...attributes };
  const given = inputs.map(({ name }) => name).filter((name) => name !== "captured");
  model.nodes.push({ name: "node", op, domain: "", inputs: given, outputs: names, attributes: all });
  model.outputs = names.map((name) => ({ name }));
  return model;
}

describe("Loop", () => {
  const trips: Value = { name: "trips", dtype: "int64", shape: [] };
  const first: Value = { name: "first", dtype: "bool", shape: [] };

  it.each([1, 2, 5])("goes round %d times, and collects what its body gives", async (count) => {
    const body = bodyOf([number, going, float("state", 2)], (graph) => {
      const next = graph.emit("Add", ["state", "captured"]);
      const squared = graph.emit("Mul", [next, graph.emit("Cast", ["i"], { to: int(1) })]);
      return [{ ...going, name: graph.emit("Identity", ["on"]) }, float(next, 2), float(squared, 2)];
    });
    const model = modelOf("Loop", [trips, first, float("x", 2), float("captured", 2)], body, 2);
    const feeds = { x: numbers("float32", [2, 3], 1), captured: numbers("float32", [2, 3], 2) };
    await expectEqual(model, { ...feeds, trips: scalarOf("int64", count), first: scalarOf("bool", 1) });
  });

  it("multiplies by what a state is this time round, where it was another constant before", async () => {
    const body = bodyOf([number, going, float("state", 2)], (graph) => {
      const next = graph.initializer("next", numbers("float32", [3, 3], 6));
      const product = graph.emit("MatMul", ["captured", "state"]);
      return [{ ...going, name: graph.emit("Identity", ["on"]) }, float(next, 2), float(product, 2)];
    });
    const model = modelOf("Loop", [trips, first, float("x", 2), float("captured", 2)], body, 2);
    model.inputs = model.inputs.filter(({ name }) => name !== "x");
    model.initializers.set("x", numbers("float32", [3, 3], 5));
    const feeds = { captured: numbers("float32", [2, 3], 7) };
    await expectEqual(model, { ...feeds, trips: scalarOf("int64", 3), first: scalarOf("bool", 1) });
  });

  it.each([0, 3, 40])("stops when its body says so: %d", async (limit) => {
    const body = bodyOf([number, going, float("state", 1)], (graph) => {
      const next = graph.emit("Add", ["state", graph.initializer("one", numbers("float32", [1], 3))]);
      const least = graph.emit("ReduceMin", [next], { keepdims: int(0) });
      return [{ ...going, name: graph.emit("Less", [least, "captured"]) }, float(next, 1)];
    });
    const model = modelOf("Loop", [trips, first, float("x", 1), float("captured", 0)], body, 1);
    const feeds = { x: numbers("float32", [4], 4), captured: scalarOf("float32", limit) };
    await expectEqual(model, { ...feeds, trips: scalarOf("int64", 25), first: scalarOf("bool", 1) });
    await expectEqual(model, { ...feeds, trips: scalarOf("int64", 25), first: scalarOf("bool", 0) });
  });

  it("may have states that grow, and weights that are used for one row and for many", async () => {
    const body = bodyOf([number, going, float("state", 2)], (graph) => {
      const product = graph.emit("MatMul", ["state", graph.initializer("w", numbers("float32", [5, 5], 5))]);
      const small = graph.emit("Tanh", [product]);
      const next = graph.emit("Concat", ["state", small], { axis: int(0) });
      return [{ ...going, name: graph.emit("Identity", ["on"]) }, float(next, 2)];
    });
    const model = modelOf("Loop", [trips, first, float("x", 2)], body, 1);
    const feeds = { trips: scalarOf("int64", 4), first: scalarOf("bool", 1), x: numbers("float32", [1, 5], 6) };
    await expectEqual(model, feeds);
    const network = await Network.load(writeModel(model));
    const twice = [0, 1].map(() => network.run(feeds as Parameters<Network["run"]>[0]).y0.data);
    expect(twice[0]).toEqual(twice[1]);
  });

  it("is refused where it collects what is never given", async () => {
    const body = bodyOf([number, going], (graph) => [
      { ...going, name: graph.emit("Identity", ["on"]) },
      { ...number, name: graph.emit("Identity", ["i"]) },
    ]);
    const network = await Network.load(writeModel(modelOf("Loop", [trips, first], body, 1)));
    const feeds = { trips: { dims: [], data: BigInt64Array.of(0n) }, first: { dims: [], data: Uint8Array.of(1) } };
    expect(() => network.run(feeds)).toThrow(/never run/);
    expect(() => network.run({ ...feeds, trips: { dims: [], data: BigInt64Array.of(20_000n) } })).toThrow(
      /10000 times/,
    );
  });
});

describe("Scan", () => {
  const body = bodyOf([float("sum", 1), float("part", 1), float("other", 0)], (graph) => {
    const next = graph.emit("Add", ["sum", graph.emit("Mul", ["part", "other"])]);
    return [float(next, 1), float(graph.emit("Identity", [next]), 1), float(graph.emit("Neg", ["part"]), 1)];
  });
  const inputs = [float("start", 1), float("x", 2), float("by", 1)];

  it.each<[string, Attributes, number[]]>([
    ["the first axis", {}, [4, 3]],
    ["another axis", { scan_input_axes: ints([-1, 0]) }, [3, 4]],
    ["backwards", { scan_input_directions: ints([1, 0]), scan_output_directions: ints([0, 1]) }, [4, 3]],
    ["into another axis", { scan_output_axes: ints([1, -1]) }, [4, 3]],
  ])("goes along %s", async (_, attributes, dims) => {
    const model = modelOf("Scan", inputs, body, 3, { num_scan_inputs: int(2), ...attributes });
    const feeds: Record<string, NumericTensor> = {
      start: numbers("float32", [3], 1),
      x: numbers("float32", dims, 2),
      by: numbers("float32", [4], 3),
    };
    await expectEqual(model, feeds);
  });
});

it("If gives as many outputs as are asked for", async () => {
  const branch = (op: string): Graph =>
    bodyOf([], (graph) => [float(graph.emit(op, ["x"]), 2), float(graph.emit("Relu", ["x"]), 2)]);
  const model = emptyModel("control");
  model.opsets.set("", 16);
  model.inputs.push(float("x", 2), { name: "on", dtype: "bool", shape: [] });
  const attributes = {
    then_branch: { kind: "graph", value: branch("Neg") },
    else_branch: { kind: "graph", value: branch("Exp") },
  } as const;
  model.nodes.push({ name: "node", op: "If", domain: "", inputs: ["on"], outputs: ["y0", "y1"], attributes });
  model.outputs = [{ name: "y0" }, { name: "y1" }];
  for (const on of [0, 1]) {
    await expectEqual(model, { x: numbers("float32", [2, 3], 1), on: scalarOf("bool", on) });
  }
});

it("weights that a branch makes of constants are made once; one that cannot be made is not in the way", async () => {
  const branch = (least: number) =>
    bodyOf([], (graph) => {
      const halves = [1, 2].map((seed) => graph.initializer("w", numbers("float32", [3, 4], seed)));
      const weights = graph.emit("Concat", halves, { axis: int(1) });
      const [zero, one] = [0, 1].map((value) => graph.initializer("n", scalarOf("int32", value)));
      const divisor = graph.emit("Sub", [one, graph.initializer("m", scalarOf("int32", least))]);
      const scale = graph.emit("Cast", [graph.emit("Add", [graph.emit("Div", [one, divisor]), zero])], { to: int(1) });
      return [float(graph.emit("Mul", [graph.emit("MatMul", ["x", weights]), scale]), 2)];
    });
  const model = emptyModel("control");
  model.opsets.set("", 16);
  model.inputs.push(float("x", 2), { name: "on", dtype: "bool", shape: [] });
  const attributes = (other: number) =>
    ({
      then_branch: { kind: "graph", value: branch(0) },
      else_branch: { kind: "graph", value: branch(other) },
    }) as const;
  const node = { name: "node", op: "If", domain: "", inputs: ["on"], outputs: ["y"] };
  model.outputs = [{ name: "y" }];
  const feeds = (on: number) => ({ x: numbers("float32", [2, 3], 3), on: scalarOf("bool", on) });
  model.nodes = [{ ...node, attributes: attributes(2) }];
  for (const on of [0, 1]) await expectEqual(model, feeds(on));
  // Divides by zero, in the branch that is not taken.
  model.nodes = [{ ...node, attributes: attributes(1) }];
  const network = await Network.load(writeModel(model));
  const fed = (on: number) => feeds(on) as Parameters<Network["run"]>[0];
  expect(network.run(fed(1)).y.dims).toEqual([2, 8]);
  expect(() => network.run(fed(0))).toThrow(/divided by zero/);
});

it("lists in a body are read where they are constant", async () => {
  const trips: Value = { name: "trips", dtype: "int64", shape: [] };
  const first: Value = { name: "first", dtype: "bool", shape: [] };
  const body = bodyOf([number, going, float("state", 2)], (graph) => {
    const shape = graph.emit("Concat", [graph.initializer("a", list([-1])), graph.initializer("b", list([2]))], {
      axis: int(0),
    });
    return [{ ...going, name: graph.emit("Identity", ["on"]) }, float(graph.emit("Reshape", ["state", shape]), 2)];
  });
  await expectEqual(modelOf("Loop", [trips, first, float("x", 2)], body, 1), {
    trips: scalarOf("int64", 2),
    first: scalarOf("bool", 1),
    x: numbers("float32", [3, 4], 1),
  });
});
