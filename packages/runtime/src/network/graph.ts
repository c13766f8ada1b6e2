import type { Constant } from "./constant.ts";
import type { ElementType } from "./elements.ts";

/** An attribute of a node, by its kind in ONNX; `other` is what the runtime has no use for. */
export type Attribute =
  | { readonly kind: "float" | "int"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "tensor"; readonly value: Constant }
  | { readonly kind: "graph"; readonly value: Graph }
  | { readonly kind: "floats" | "ints"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "other" };

export interface GraphNode {
  readonly name: string;
  /** The operator's name, behind its domain and a point where that is not ONNX's own. */
  readonly op: string;
  /** The operator set of its domain that the model is written in. */
  readonly set: number;
  /** Names of what it reads; "" for what is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}

/** What is fed to a graph. */
export interface GraphInput {
  readonly name: string;
  /** Undefined for what is not a tensor, or one of a type that the runtime does not hold. */
  readonly type: ElementType | undefined;
  /** The lengths that the model states, undefined for one that it leaves open; undefined where any rank will do. */
  readonly dims: readonly (number | undefined)[] | undefined;
}

/** A network, or a branch or body in one, which then reads names of the graph around it too. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly constants: ReadonlyMap<string, Constant>;
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly string[];
}

/** How messages name a node. */
export function nameOf({ op, name, outputs }: GraphNode): string {
  return `${op} (node "${name || outputs[0] || ""}")`;
}

/** The branches and bodies that a node holds. */
export function graphsIn({ attributes }: GraphNode): Graph[] {
  return Array.from(attributes.values()).flatMap((attribute) => (attribute.kind === "graph" ? attribute.value : []));
}

/** The names that a node reads: its inputs, and what its branches read of the graph around them. */
export function readsOf(node: GraphNode): string[] {
  return [...node.inputs.filter((name) => name !== ""), ...graphsIn(node).flatMap(capturesOf)];
}

/** The names that a branch reads of the graph around it. */
function capturesOf({ nodes, constants, inputs, outputs }: Graph): string[] {
  const own = new Set([...constants.keys(), ...inputs.map(({ name }) => name), ...nodes.flatMap((n) => n.outputs)]);
  return [...nodes.flatMap(readsOf), ...outputs].filter((name) => !own.has(name));
}
