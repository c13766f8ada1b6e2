import { annotateAdditions } from "../../engine/annotate.ts";
import type { Engine, Tensors } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import { int } from "../../onnx/attributes.ts";
import { GraphBuilder } from "../../onnx/builder.ts";
import { copyModel } from "../../onnx/graph.ts";
import { float32, sizeOf } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import type { Random } from "../../random.ts";
import type { CarriedState } from "../../training/carried-state.ts";
import type { OpenStates } from "../../training/visits.ts";
import { embedded, type OutputKind } from "./embedded.ts";
import { type GateLayer, openGates } from "./gates.ts";

/** A state through which a step matters to those that follow. */
export interface Onward extends CarriedState {
  /** The input that takes the gradient of the state behind the step. */
  readonly ahead: string;
}

/** A network with a number whose gradient says how much its values count. */
export interface Probe {
  readonly model: TypedModel;
  readonly loss: string;
  readonly onwards: readonly Onward[];
  readonly gates: readonly GateLayer[];
  /** What is fed for directions: random ones. */
  directions(normal: Random): Tensors;
  /** What is fed for the states behind the last step. */
  nothingAhead(): Tensors;
}

/** The network with the sum of its outputs, embedded, along directions that are fed, and of its next states along theirs. */
export async function withProbe(
  engine: Engine,
  typed: TypedModel,
  open: OpenStates,
  scales: readonly number[],
  kinds: readonly OutputKind[] = [],
): Promise<Probe> {
  const model = { ...copyModel(open.model), inputs: [...open.model.inputs] };
  const graph = new GraphBuilder(model, "probe/");
  const gates = openGates(graph, typed);
  const noise: { readonly name: string; readonly size: number }[] = [];
  /** What is along a direction; what is embedded may have another shape than its output: that before a view. */
  const along = (value: string, size: number, name: string) => {
    model.inputs.push({ name, dtype: "float32", shape: [size] });
    const flat = graph.emit("Reshape", [value, graph.ints([-1])]);
    return graph.emit("ReduceSum", [graph.emit("Mul", [flat, name])], { keepdims: int(0) });
  };
  const parts = typed.outputs.flatMap((output, i) =>
    output.dtype !== "float32"
      ? []
      : embedded(graph, typed, output, { scale: scales[i], kind: kinds[i] }).map((value) => {
          const name = graph.fresh("direction");
          const size = sizeOf(output.shape);
          noise.push({ name, size });
          return along(value, size, name);
        }),
  );
  if (parts.length === 0)
    throw new UserError(`No output of "${typed.name}" is float32: its weights cannot be weighed.`);
  const onwards = open.states.map((state) => ({ ...state, ahead: graph.fresh("ahead") }));
  parts.push(...onwards.map(({ next, dims, ahead }) => along(next, sizeOf(dims), ahead)));
  const loss = graph.emit("Sum", parts);
  model.outputs = [{ name: loss }];
  return {
    model: await annotateAdditions(engine, model, typed),
    loss,
    onwards,
    gates,
    directions: (normal) =>
      Object.fromEntries(
        noise.map(({ name, size }) => {
          const data = new Float32Array(size);
          normal.fillNormal(data, 1);
          return [name, float32([size], data)];
        }),
      ),
    nothingAhead: () => Object.fromEntries(onwards.map(({ ahead, dims }) => [ahead, float32([sizeOf(dims)])])),
  };
}
