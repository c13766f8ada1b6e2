import { UnsupportedError, UserError } from "../errors.ts";
import { Refusal } from "./attributes.ts";
import type { Constant } from "./constant.ts";
import { type Graph, type GraphNode, graphsIn, nameOf } from "./graph.ts";
import { own } from "./known-names.ts";
import type { Operator, Operators } from "./operator.ts";

/** The newest operator set whose definitions are known here: a later one may mean something else. */
const NEWEST = 26;

/** A node with the operator that computes it, and its attributes as that reads them. */
export interface Bound {
  readonly operator: Operator;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Every node of a network, those in branches too, with what computes it. */
export interface Bindings {
  readonly of: ReadonlyMap<GraphNode, Bound>;
  /** What reads each constant: nodes, or a graph that has it among its outputs. */
  readonly readers: ReadonlyMap<Constant, ReadonlySet<GraphNode | Graph>>;
}

/**
 * Finds what computes each node of a network.
 * @throws UnsupportedError when a node asks for what no operator here computes
 * @throws UserError when something is read that nothing before it makes
 */
export function bind(network: Graph, operators: Operators): Bindings {
  const of = new Map<GraphNode, Bound>();
  const readers = new Map<Constant, Set<GraphNode | Graph>>();
  walk(network, new Map());
  return { of, readers };

  /** @param around what is known outside of a branch: names, and the constants that some of them are */
  function walk(graph: Graph, around: ReadonlyMap<string, Constant | undefined>): void {
    const known = new Map(around);
    for (const { name } of graph.inputs) known.set(name, undefined);
    for (const [name, constant] of graph.constants) known.set(name, constant);
    const read = (name: string, reader: GraphNode | Graph, how: string) => {
      if (!known.has(name)) {
        throw new UserError(`${how} "${name}", which nothing before it makes: the model is damaged; export it again.`);
      }
      const constant = known.get(name);
      if (constant) readers.set(constant, (readers.get(constant) ?? new Set()).add(reader));
    };
    for (const node of graph.nodes) {
      for (const name of node.inputs) if (name) read(name, node, `${nameOf(node)} reads`);
      of.set(node, boundTo(node, formOf(node, operators)));
      for (const branch of graphsIn(node)) walk(branch, known);
      for (const name of node.outputs) if (name) known.set(name, undefined);
    }
    for (const name of graph.outputs) read(name, graph, "The network's output is");
  }
}

/** The operator as the node's operator set defines it. */
function formOf(node: GraphNode, operators: Operators): Operator {
  const { op, set } = node;
  const forms = [own(operators, op) ?? []].flat();
  if (forms.length === 0) throw unsupported(`The runtime has no operator ${nameOf(node)}`);
  if (set > NEWEST && !op.includes(".")) {
    throw unsupported(`${nameOf(node)} is of operator set ${set}, and ${NEWEST} is the newest known here`);
  }
  const form = forms.filter(({ since, until = NEWEST }) => since <= set && set <= until).at(-1);
  if (!form) throw unsupported(`${nameOf(node)} is not computed as operator set ${set} defines it`);
  return form;
}

function boundTo(node: GraphNode, operator: Operator): Bound {
  const inputs = Object.entries(operator.inputs);
  const given = node.inputs.findLastIndex((name) => name !== "") + 1;
  const many = inputs.at(-1)?.[1].presence === "rest";
  if (given > inputs.length && !many) throw unsupported(`${nameOf(node)} has more inputs than are read`);
  for (const [i, [name, { presence, empty }]] of inputs.entries()) {
    if (presence === "needed" ? !node.inputs[i] : presence === "rest" && !empty && node.inputs.length <= i) {
      throw new UserError(`${nameOf(node)} lacks its input ${name}: the model is damaged; export it again.`);
    }
  }
  if (many && node.inputs.slice(inputs.length - 1).some((name) => name === "")) {
    throw unsupported(`${nameOf(node)} leaves out one of its inputs`);
  }
  if (node.outputs.length > (operator.outputs ?? 1)) {
    throw unsupported(`${nameOf(node)} has more outputs than are computed`);
  }
  for (const name of node.attributes.keys()) {
    if (!Object.hasOwn(operator.attributes, name)) {
      throw unsupported(`${nameOf(node)} has the attribute ${name}, which is not read`);
    }
  }
  const attributes: Record<string, unknown> = {};
  for (const [name, reader] of Object.entries(operator.attributes)) {
    try {
      attributes[name] = reader.read(node.attributes.get(name));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw unsupported(`${nameOf(node)} has an attribute ${name} that ${error.message}`);
    }
  }
  return { operator, attributes };
}

function unsupported(reason: string): UnsupportedError {
  return new UnsupportedError(`${reason}: run the network with ONNX Runtime.`);
}
