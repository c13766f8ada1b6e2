import { UserError } from "../errors.ts";
import type { Attributes } from "./attributes.ts";
import { checkGraph } from "./check.ts";
import { copyModel, label, type Model, type ModelFunction, type Node, OPSET } from "./graph.ts";
import { mapAttributes, mapSubgraphs, renamed } from "./rename.ts";
import { upgrade } from "./upgrade.ts";

/** Functions that call functions twice double the nodes at each level. */
const MOST_NODES = 100_000;

/**
 * Puts the body of each function that the file defines into the place of the nodes that call it (ONNX IR, model local
 * functions), with the attributes that the calls give. A function whose operator set differs from the model's is
 * brought to one that both can be read in.
 * @returns the model itself where it defines no functions
 * @throws UserError for functions that call each other in a circle
 */
export function inlineFunctions(source: Model): Model {
  if (!source.functions?.length) return source;
  const own = source.opsets.get("") ?? OPSET;
  const foreign = source.functions.some(({ opsets }) => (opsets.get("") ?? own) !== own);
  const model = copyModel(foreign ? upgrade(source) : source);
  const bodies = new Map(source.functions.map((body) => [keyOf(body.domain, body.name, body.overload), body]));
  const expanded = new Map<ModelFunction, Model>();
  const inlined: Node[] = [];
  let made = 0;
  for (const node of model.nodes) expand(node, inlined, []);
  model.nodes = inlined;
  model.functions = [];
  for (const { opsets } of source.functions) {
    for (const [domain, version] of opsets) if (!model.opsets.has(domain)) model.opsets.set(domain, version);
  }
  checkGraph(model, `The model "${model.name}" with its functions in place`);
  return model;

  /** Adds a node, or what it stands for; `callers` are the functions that it is inside of. */
  function expand(node: Node, into: Node[], callers: readonly ModelFunction[]): void {
    const body = bodies.get(keyOf(node.domain, node.op, node.overload));
    if (++made > MOST_NODES) {
      throw new UserError(
        `The functions of "${model.name}" stand for over ${MOST_NODES} nodes: export it without them.`,
      );
    }
    if (!body) {
      into.push(
        mapSubgraphs(node, (graph) => {
          const nodes: Node[] = [];
          for (const inner of graph.nodes) expand(inner, nodes, callers);
          return { ...graph, nodes };
        }),
      );
      return;
    }
    if (callers.includes(body)) {
      throw new UserError(`The function of node ${label(node)} calls itself, which ONNX forbids: export it again.`);
    }
    for (const inner of called(node, body)) expand(inner, into, [...callers, body]);
  }

  /** The body's nodes for one call: values under names of their own, attributes in the place of references. */
  function called(node: Node, body: ModelFunction): Node[] {
    const { nodes, initializers } = expandedBody(body);
    const prefix = `${node.name || node.outputs[0]}/`;
    const names = new Map<string, string>();
    for (const name of [...initializers.keys(), ...nodes.flatMap(({ outputs }) => outputs)]) {
      if (name) names.set(name, prefix + name);
    }
    for (const [i, { name }] of body.inputs.entries()) names.set(name, node.inputs[i] ?? "");
    for (const [i, { name }] of body.outputs.entries()) if (node.outputs[i]) names.set(name, node.outputs[i]);
    for (const [name, tensor] of initializers) model.initializers.set(prefix + name, tensor);
    const given = { ...body.defaults, ...node.attributes };
    return nodes.map((inner) => ({
      ...renamed(withGiven(inner, given), names),
      name: inner.name && prefix + inner.name,
    }));
  }

  function expandedBody(body: ModelFunction): Model {
    const known = expanded.get(body);
    if (known) return known;
    const standalone: Model = {
      ...body,
      irVersion: model.irVersion,
      opsets: new Map([["", body.opsets.get("") ?? own]]),
      functions: [],
      metadata: new Map(),
    };
    const ready = foreign ? upgrade(standalone) : standalone;
    expanded.set(body, ready);
    return ready;
  }
}

const keyOf = (domain: string, name: string, overload = "") => `${domain}\0${name}\0${overload}`;

/** The node, and those of its subgraphs, with a call's attributes in the place of references; what is not given goes. */
function withGiven(node: Node, given: Attributes): Node {
  const resolved = mapAttributes(node, (attribute) =>
    attribute.kind === "reference" ? given[attribute.value.to] : attribute,
  );
  return mapSubgraphs(resolved, (graph) => ({ ...graph, nodes: graph.nodes.map((inner) => withGiven(inner, given)) }));
}
