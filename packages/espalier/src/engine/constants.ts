import { UserError } from "../errors.ts";
import { isNumericType } from "../onnx/dtype.ts";
import { emptyModel, fedInputs, type Model, type Node } from "../onnx/graph.ts";
import { readsOf } from "../onnx/live.ts";
import { constantNodes } from "../onnx/simplify/fold.ts";
import { shapesThatStay } from "../onnx/simplify/shapes.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import { concreteInputs } from "./annotate.ts";
import type { Engine } from "./engine.ts";
import { type FedInput, probe } from "./probe.ts";

/** The nodes of a model that always make the same, and what they make. */
export interface Constants {
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<string, NumericTensor>;
}

/**
 * Finds what a model computes from constants alone, also in graphs inside, by running just that.
 * @param throughShapes whether shapes are constants too, where the sizes of all inputs are known
 */
export async function constantsOf(engine: Engine, model: Model, throughShapes: boolean): Promise<Constants> {
  const shapes = throughShapes ? await constantShapes(engine, model) : new Map<string, NumericTensor>();
  const nodes = constantNodes(model, shapes.keys());
  const values = new Map(shapes);
  const computed = nodes.filter(({ outputs }) => !outputs.every((name) => name === "" || shapes.has(name)));
  for (const [name, tensor] of await run(engine, model, computed, shapes)) values.set(name, tensor);
  return { nodes, values };
}

/** What Shape and Size give that the sizes of the inputs decide. */
async function constantShapes(engine: Engine, model: Model): Promise<Map<string, NumericTensor>> {
  const nodes = shapesThatStay(model);
  const inputs = concreteInputsOf(model);
  if (!inputs || nodes.length === 0) return new Map();
  const wanted = nodes.flatMap(({ outputs }) => outputs);
  const { constants } = await probe(engine, model, inputs);
  return new Map([...constants].filter(([name]) => wanted.includes(name)));
}

/** The inputs, where all of their sizes are known. */
function concreteInputsOf(model: Model): FedInput[] | undefined {
  const isOpen = fedInputs(model).some(({ shape }) => shape?.some((dim) => typeof dim !== "number") ?? true);
  if (isOpen) return undefined;
  try {
    return concreteInputs(model, {});
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Runs nodes that read constants alone; those that the runtime refuses make nothing. */
async function run(
  engine: Engine,
  model: Model,
  nodes: readonly Node[],
  known: ReadonlyMap<string, NumericTensor>,
): Promise<Map<string, NumericTensor>> {
  const found = new Map<string, NumericTensor>();
  if (nodes.length === 0) return found;
  const read = new Set(nodes.flatMap(readsOf));
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const part: Model = {
    ...emptyModel(`${model.name} constants`),
    opsets: model.opsets,
    nodes: [...nodes],
    initializers: new Map([...model.initializers, ...known].filter(([name]) => read.has(name) && !made.has(name))),
    outputs: [...made].filter((name) => name !== "").map((name) => ({ name })),
  };
  try {
    const program = await engine.compile(part);
    const results = await program.run({}).finally(() => program.release());
    for (const [name, tensor] of Object.entries(results)) if (isNumericType(tensor.dtype)) found.set(name, tensor);
    return found;
  } catch (error) {
    if (nodes.length === 1 || !(error instanceof Error)) return found;
    // One that cannot be run is left out with all that needs it.
    const values = new Map(known);
    for (const node of nodes) {
      const ready = node.inputs.every((name) => name === "" || values.has(name) || model.initializers.has(name));
      if (!ready) continue;
      for (const [name, tensor] of await run(engine, model, [node], values)) {
        values.set(name, tensor);
        found.set(name, tensor);
      }
    }
    return found;
  }
}
