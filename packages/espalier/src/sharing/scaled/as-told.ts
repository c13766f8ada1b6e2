import type { Engine, Tensors } from "../../engine/engine.ts";
import { int } from "../../onnx/attributes.ts";
import { GraphBuilder } from "../../onnx/builder.ts";
import { copyModel, lookup, type Model } from "../../onnx/graph.ts";
import { float32, floatsOf, sizeOf } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import type { Told } from "./told.ts";

/** Channels of which noise shows little are made no larger than by this. */
const MOST = 8;
/** The least deviation that is divided by. */
const LEAST = 1e-20;
/** Fewer places show no deviation. */
const FEWEST_PLACES = 16;

/**
 * A network that is for noise what it was for real inputs: each value of which the network tells how it is spread is
 * scaled and moved, channel by channel, so that for the noise that is fed it has that mean and deviation. Layers behind
 * it then read what is as large, and goes together much, as what they read of real inputs.
 * @param typed for the batch that is fed
 * @param told how values are spread, by their names; those that the network has no more are left out
 */
export async function asTold(
  engine: Engine,
  typed: TypedModel,
  told: ReadonlyMap<string, Told>,
  fed: Tensors,
): Promise<{ readonly model: Model; readonly count: number }> {
  const dims = dimsIn(typed);
  const known = new Map(
    [...told].filter(([name, { mean }]) => {
      const shape = dims(name);
      return shape.length >= 2 && shape[1] === mean.length && sizeOf(shape) >= FEWEST_PLACES * mean.length;
    }),
  );
  if (known.size === 0) return { model: typed, count: 0 };
  const found = new Map<string, readonly [factor: string, shift: string]>();
  const measuring = withMoved(typed, known, (graph, before, after, own) => {
    const shape = dims(after);
    const channels = [1, own.mean.length, ...shape.slice(2).map(() => 1)];
    const axes = graph.ints(shape.map((_, axis) => axis).filter((axis) => axis !== 1));
    const over = (value: string) => graph.emit("ReduceMean", [value, axes], { keepdims: int(1) });
    const constant = (numbers: Float64Array) => graph.constant(float32(channels, Float32Array.from(numbers)));
    const mean = over(before);
    const centered = graph.emit("Sub", [before, mean]);
    const deviation = graph.emit("Sqrt", [over(graph.emit("Mul", [centered, centered]))]);
    const divisor = graph.emit("Max", [deviation, graph.scalar("float32", LEAST)]);
    const wanted = graph.emit("Div", [constant(own.deviation), divisor]);
    const factor = graph.emit("Min", [wanted, graph.scalar("float32", MOST)]);
    const shift = graph.emit("Sub", [constant(own.mean), graph.emit("Mul", [mean, factor])]);
    found.set(after, [factor, shift]);
    return [factor, shift];
  });
  const measured: Model = { ...measuring, outputs: [...found.values()].flat().map((name) => ({ name })) };
  const program = await engine.compile(measured);
  try {
    const results = await program.run(fed);
    const model = withMoved(typed, known, (graph, _, after) => {
      const [factor, shift] = found.get(after) ?? [];
      return [factor, shift].map((name = "") => graph.constant(results[name]));
    });
    const moved = [...found.values()].flat().every((name) => floatsOf(results[name]).every(Number.isFinite));
    return moved ? { model, count: known.size } : { model: typed, count: 0 };
  } finally {
    await program.release();
  }
}

/** The shapes of the values that nodes make; of others none. */
function dimsIn(typed: TypedModel): (name: string) => readonly number[] {
  const made = new Set(typed.nodes.flatMap(({ outputs }) => outputs));
  const types = lookup(typed);
  return (name) => (made.has(name) && types.type(name).dtype === "float32" ? types.type(name).dims : []);
}

/** The network with values that are multiplied by a factor, and to which a shift is added. */
function withMoved(
  typed: TypedModel,
  known: ReadonlyMap<string, Told>,
  by: (graph: GraphBuilder, before: string, after: string, told: Told) => readonly string[],
): Model {
  const model = copyModel(typed);
  const graph = new GraphBuilder(model, "told/");
  const nodes = model.nodes.splice(0);
  for (const node of nodes) {
    const before = node.outputs.map((name) => (known.has(name) ? graph.fresh("before") : name));
    // What makes the value in its stead has the value's name.
    model.nodes.push({ ...node, name: before.find((name) => name !== "") ?? node.name, outputs: before });
    for (const [i, after] of node.outputs.entries()) {
      const own = known.get(after);
      if (!own) continue;
      const [factor, shift] = by(graph, before[i], after, own);
      graph.emit("Add", [graph.emit("Mul", [before[i], factor]), shift], {}, after);
    }
  }
  return model;
}
