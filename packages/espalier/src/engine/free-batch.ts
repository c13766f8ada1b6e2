import { UserError } from "../errors.ts";
import { attribute, int } from "../onnx/attributes.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { zeros } from "../onnx/dtype.ts";
import { copyElements } from "../onnx/elements.ts";
import { copyModel, fedInputs, lookup, type Model, type Node } from "../onnx/graph.ts";
import { dependents } from "../onnx/live.ts";
import { integers, type NumericTensor } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { annotate } from "./annotate.ts";
import { samples } from "./compare.ts";
import type { Engine, Tensors } from "./engine.ts";

/** A network with a batch of any size, also with the shapes of twice its own; or the reason why it keeps its own. */
export type Freed = { readonly model: Model; readonly typed: TypedModel } | { readonly reason: string };

/** Samples whose outputs must be the same alone and in a batch. */
const TOLERANCE = 1e-3;

/**
 * Declares the batch anew of a network that was exported with one of a fixed size. Shapes that name the size are
 * opened; then two batches, run at once, must give what each gives alone, or the network stays as it is.
 * @param model a network whose inputs all begin with the batch
 * @param single the same, typed for that size
 */
export async function freeBatch(engine: Engine, model: Model, single: TypedModel): Promise<Freed> {
  const fed = new Set(fedInputs(model).map(({ name }) => name));
  const free = { ...openShapes(single), values: new Map() };
  free.inputs = model.inputs.map((input) =>
    fed.has(input.name) ? { ...input, shape: ["batch", ...(input.shape ?? []).slice(1)] } : input,
  );
  free.outputs = model.outputs.map(({ shape, ...output }) => ({
    ...output,
    shape: shape?.map((dim, axis) => (axis === 0 ? "batch" : dim)),
  }));
  const alone = [samples(single, 0), samples(single, 1)];
  const expected = stacked([await run(engine, single, alone[0]), await run(engine, single, alone[1])]);
  const feeds = stacked(alone);
  try {
    const typed = await annotate(engine, free, { batch: Object.values(feeds)[0]?.dims[0] });
    const together = await run(engine, typed, feeds);
    const mixed = model.outputs.find(({ name }) => !isClose(together[name], expected[name]));
    return mixed ? { reason: `its output "${mixed.name}" mixes the samples of a batch` } : { model: free, typed };
  } catch (error) {
    if (error instanceof UserError) return { reason: "its graph runs with no other" };
    throw error;
  }
}

async function run(engine: Engine, model: Model, feeds: Tensors): Promise<Tensors> {
  const program = await engine.compile(model);
  try {
    return await program.run(feeds);
  } finally {
    await program.release();
  }
}

/** Feeds or results of two batches, one behind the other. */
function stacked([first, second]: readonly Tensors[]): Tensors {
  return Object.fromEntries(
    Object.entries(first).map(([name, { dtype, dims, data }]) => {
      const joined = zeros(dtype, 2 * data.length);
      copyElements(data, 0, data.length, joined, 0);
      copyElements(second[name].data, 0, data.length, joined, data.length);
      return [name, { dtype, dims: [2 * dims[0], ...dims.slice(1)], data: joined }];
    }),
  );
}

function isClose(found: NumericTensor, expected: NumericTensor): boolean {
  if (found.dims.join() !== expected.dims.join()) return false;
  const [a, b] = [found, expected].map(({ data }) => Array.from<number | bigint, number>(data, Number));
  const largest = b.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return a.every((x, i) => Math.abs(x - b[i]) <= TOLERANCE * largest);
}

/**
 * Opens the shapes that name the batch, taken to be the first axis of every value that depends on an input: the target
 * of a Reshape or Expand, a constant that is joined to each sample, the zero states of a recurrent layer.
 */
function openShapes(typed: TypedModel): Model {
  const model = copyModel(typed);
  const graph = new GraphBuilder(model, "batch/");
  const known = lookup(typed);
  const fed = fedInputs(typed).map(({ name }) => name);
  const carriers = dependents(typed.nodes, fed);
  const nodes = typed.nodes;
  model.nodes = [];
  for (const node of nodes) model.nodes.push(opened(node));
  return model;

  function opened(node: Node): Node {
    if (node.domain !== "" || !node.inputs.some((input) => carriers.has(input))) return node;
    const [data, shape] = node.inputs;
    switch (node.op) {
      case "Reshape":
      case "Expand": {
        if (!carriers.has(data) || carriers.has(shape)) return node;
        const target = known.constant(shape);
        if (!target || target.data.length === 0) return node;
        // What is left of a sample has its own size; an Expand stretches no axis to 1.
        const first = node.op === "Reshape" ? -1 : 1;
        const rest = node.op === "Reshape" ? known.type(node.outputs[0]).dims : integers(target);
        return { ...node, inputs: [data, graph.ints([first, ...rest.slice(1)])] };
      }
      case "Concat":
        return attribute(node, "int", "axis", 0) === 0 ? node : { ...node, inputs: node.inputs.map(beside(node)) };
      case "LSTM":
      case "GRU":
      case "RNN":
        return { ...node, inputs: node.inputs.map((input, i) => (i >= 5 && i <= 6 && isZero(input) ? "" : input)) };
      default:
        return node;
    }
  }

  /** A constant that is joined to each sample, once for each. */
  function beside({ inputs }: Node): (input: string) => string {
    const carrier = inputs.find((input) => carriers.has(input)) ?? "";
    return (input) => {
      if (carriers.has(input) || known.type(input).dims[0] !== 1) return input;
      const batch = graph.emit("Gather", [graph.emit("Shape", [carrier]), graph.ints([0])]);
      const ones = graph.ints(
        known
          .type(input)
          .dims.slice(1)
          .map(() => 1),
      );
      return graph.emit("Expand", [input, graph.emit("Concat", [batch, ones], { axis: int(0) })]);
    };
  }

  /** Zeros are what a recurrent layer begins with where it is given no state. */
  function isZero(value: string): boolean {
    return known.constant(value)?.data.every((x: number | bigint) => Number(x) === 0) ?? false;
  }
}
