import { constantOf, copyModel, type Graph, type Model, type Node } from "../onnx/graph.ts";
import { renamed } from "../onnx/rename.ts";
import { type TypedModel, typedModel } from "../onnx/typed.ts";
import { changingValues, probe, type Symbols } from "./annotate.ts";
import type { Engine, Tensors } from "./engine.ts";

/** Branches within branches; exporters leave one or two. */
const MOST_LEVELS = 20;

/**
 * Takes out of an exported graph what exporters leave undecided: an If whose condition shapes alone settle is replaced
 * by its branch, and whole numbers that nothing changes become initializers.
 * @throws UserError for a dimension that `symbols` does not settle, or a model that cannot be run
 */
export async function simplify(engine: Engine, source: Model, symbols: Symbols): Promise<TypedModel> {
  let model = source;
  for (let level = 0; ; level++) {
    const { typed, results } = await probe(engine, model, symbols);
    const settled = level < MOST_LEVELS ? settledBranches(model, results) : new Map<Node, Graph>();
    if (settled.size === 0) return withConstants(typed, results);
    const changed = copyModel(model);
    changed.nodes = model.nodes.flatMap((node) => {
      const branch = settled.get(node);
      return branch ? inPlaceOf(node, branch) : [node];
    });
    for (const { initializers } of settled.values()) {
      for (const [name, tensor] of initializers) changed.initializers.set(name, tensor);
    }
    model = changed;
  }
}

/** The branch that each If takes whose condition does not change. */
function settledBranches(model: Model, results: Tensors): Map<Node, Graph> {
  const changing = changingValues(model);
  const found = new Map<Node, Graph>();
  for (const node of model.nodes) {
    const [condition] = node.inputs;
    if (node.op !== "If" || node.domain !== "" || changing.has(condition)) continue;
    const value = results[condition] ?? constantOf(model, condition);
    const branch = node.attributes[Number(value?.data[0]) ? "then_branch" : "else_branch"];
    if (value && branch?.kind === "graph") found.set(node, branch.value);
  }
  return found;
}

/** A branch's nodes, its outputs under the names of those of the If; an output may also be a value around it. */
function inPlaceOf({ outputs }: Node, branch: Graph): Node[] {
  const made = new Set(branch.nodes.flatMap((node) => node.outputs));
  const names = new Map<string, string>();
  const passed: Node[] = [];
  for (const [i, { name }] of branch.outputs.entries()) {
    const output = outputs[i];
    if (!output) continue;
    if (made.has(name) && !names.has(name)) names.set(name, output);
    else {
      const input = names.get(name) ?? name;
      passed.push({ name: output, op: "Identity", domain: "", inputs: [input], outputs: [output], attributes: {} });
    }
  }
  return [...branch.nodes.map((node) => renamed(node, names)), ...passed];
}

const WHOLE = new Set(["int64", "int32", "bool"]);

function withConstants(typed: TypedModel, results: Tensors): TypedModel {
  const changing = changingValues(typed, true);
  const outputs = new Set(typed.outputs.map(({ name }) => name));
  const constant = (node: Node) =>
    node.inputs.length > 0 &&
    node.outputs.every((name) => WHOLE.has(results[name]?.dtype) && !changing.has(name) && !outputs.has(name));
  const initializers = new Map(typed.initializers);
  for (const name of typed.nodes.filter(constant).flatMap((node) => node.outputs)) {
    initializers.set(name, results[name]);
  }
  return typedModel({ ...typed, initializers, nodes: typed.nodes.filter((node) => !constant(node)) });
}
