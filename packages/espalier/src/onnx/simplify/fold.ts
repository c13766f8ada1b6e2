import { copyModel, type Model, type Node } from "../graph.ts";
import { readsOf } from "../live.ts";
import { allNodes, allOutputs, mapGraphs, subgraphsOf } from "../nested.ts";
import { bytesOf, type NumericTensor, type Tensor } from "../tensor.ts";
import { type TypedModel, typedModel } from "../typed.ts";

/**
 * Puts initializers in the place of nodes that always make the same.
 * @param constants what the nodes make
 * @param isConstant chooses among the nodes that read something; those that read nothing stay
 */
export function withConstants(
  model: TypedModel,
  constants: ReadonlyMap<string, NumericTensor>,
  isConstant: (node: Node) => boolean,
): TypedModel {
  return typedModel(folded(model, constants, new Set(model.nodes.filter((n) => n.inputs.length > 0 && isConstant(n)))));
}

/** The model with initializers in the place of some nodes, also of those in graphs inside. */
export function folded(model: Model, constants: ReadonlyMap<string, NumericTensor>, nodes: ReadonlySet<Node>): Model {
  const made = new Set([...nodes].flatMap(({ outputs }) => outputs));
  const gone = new Set([...made].filter((name) => constants.has(name)));
  const changed = mapGraphs(copyModel(model), (graph) => ({
    ...graph,
    nodes: graph.nodes.filter(({ outputs }) => !outputs.some((output) => made.has(output))),
  }));
  for (const [name, tensor] of constants) if (gone.has(name)) changed.initializers.set(name, tensor);
  return changed;
}

/** Operators whose results differ from run to run, or that stand for weights which their file keeps smaller. */
const KEPT = /^(Random|Bernoulli|Multinomial|Dropout$|DequantizeLinear$|QuantizeLinear$|Sequence|Optional)/;

/**
 * The nodes that compute from constants alone, also those in graphs inside, in an order in which they run.
 * @param alsoConstant further values that are known never to change
 */
export function constantNodes(model: Model, alsoConstant: Iterable<string> = []): Node[] {
  const constant = new Set(alsoConstant);
  for (const [name, { dtype }] of model.initializers) if (dtype !== "string") constant.add(name);
  return allNodes(model).filter((node) => {
    const { op, domain, inputs, outputs } = node;
    const known = outputs.every((name) => name === "" || constant.has(name));
    const computed = inputs.some((name) => name !== "") && inputs.every((name) => name === "" || constant.has(name));
    if (domain !== "" || KEPT.test(op) || subgraphsOf(node).length > 0 || !(known || computed)) return false;
    for (const output of outputs) if (output) constant.add(output);
    return true;
  });
}

/** What a folded value may take more than all that goes with it: about what a node takes in a file. */
const SLACK = 512;

/**
 * Those of some nodes that initializers are to take the place of: all but those whose results are larger than what is no
 * longer needed then (a shape spread out, a transposed copy of weights that are used as they are too), and those that
 * make outputs.
 * @param nodes constant ones, in an order in which they run
 */
export function worthFolding(
  model: Model,
  nodes: readonly Node[],
  constants: ReadonlyMap<string, NumericTensor>,
): Set<Node> {
  const outputs = allOutputs(model);
  const worth = new Set(nodes.filter((node) => node.outputs.every((name) => !outputs.has(name))));
  for (const node of worth) if (node.outputs.some((name) => name && !constants.has(name))) worth.delete(node);
  const all = allNodes(model);
  for (let changed = true; changed; ) {
    changed = false;
    const read = new Set(all.filter((node) => !worth.has(node)).flatMap(readsOf));
    for (const node of [...worth].reverse()) {
      if (!node.outputs.some((name) => read.has(name))) continue;
      const size = node.outputs.reduce(
        (sum, name) => sum + sizeInFile(read.has(name) ? constants.get(name) : undefined),
        0,
      );
      if (size <= SLACK || size <= SLACK + freedWith(node, read)) continue;
      worth.delete(node);
      changed = true;
      break;
    }
  }
  return worth;

  /** Bytes of the initializers that only this node needs, and those that it alone reads from. */
  function freedWith(node: Node, read: ReadonlySet<string>): number {
    const makers = new Map([...worth].flatMap((each) => each.outputs.map((name) => [name, each] as const)));
    const cone = new Set<Node>([node]);
    // Backwards: a node belongs to the cone where all that read it do.
    for (const each of [...worth].reverse()) {
      if (cone.has(each) || each.outputs.some((name) => read.has(name))) continue;
      const readers = [...worth].filter(({ inputs }) => inputs.some((input) => each.outputs.includes(input)));
      if (readers.length > 0 && readers.every((reader) => cone.has(reader))) cone.add(each);
    }
    const roots = new Set([...cone].flatMap(({ inputs }) => inputs).filter((name) => !makers.has(name)));
    const elsewhere = new Set(all.filter((each) => !cone.has(each)).flatMap(readsOf));
    return [...roots].reduce(
      (sum, name) => sum + (elsewhere.has(name) ? 0 : sizeInFile(model.initializers.get(name))),
      0,
    );
  }
}

function sizeInFile(tensor: Tensor | undefined): number {
  return tensor === undefined || tensor.dtype === "string" ? 0 : bytesOf(tensor);
}
