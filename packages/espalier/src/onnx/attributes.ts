import { UserError } from "../errors.ts";
import { type Graph, label, type Node } from "./graph.ts";
import type { Tensor } from "./tensor.ts";

/** The kinds of attribute and the values that they hold. */
export interface AttributeKinds {
  int: number;
  float: number;
  string: string;
  tensor: Tensor;
  graph: Graph;
  ints: readonly number[];
  floats: readonly number[];
  strings: readonly string[];
  /** In a function's body: the attribute of that name of the node that calls it. `type` is AttributeProto's. */
  reference: { readonly to: string; readonly type: number };
  /** What nothing here looks into: sparse tensors, types, strings that are not UTF-8. */
  preserved: object;
}

type Kind = keyof AttributeKinds;
type Of<K extends Kind> = { readonly kind: K; readonly value: AttributeKinds[K] };

/** A node's attribute. JavaScript has one kind of number and ONNX two, so each value says which it is. */
export type Attribute = { [K in Kind]: Of<K> }[Kind];

/** The attributes of a node, by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

export const int = (value: number): Attribute => ({ kind: "int", value });
export const float = (value: number): Attribute => ({ kind: "float", value });
export const string = (value: string): Attribute => ({ kind: "string", value });
export const ints = (value: readonly number[]): Attribute => ({ kind: "ints", value });
export const tensor = (value: Tensor): Attribute => ({ kind: "tensor", value });

/**
 * The value of a node's attribute, or `absent` where the node does not have it.
 * @throws UserError when the attribute is of another kind than its operator defines.
 */
export function attribute<K extends Kind, D>(node: Node, kind: K, name: string, absent: D): AttributeKinds[K] | D {
  const found = node.attributes[name];
  if (found === undefined) return absent;
  if (!isOf(found, kind)) {
    throw new UserError(
      `Node ${label(node)} has the attribute ${name} as ${found.kind} where ${kind} belongs: export the model again.`,
    );
  }
  return found.value;
}

function isOf<K extends Kind>(attribute: { kind: Kind; value: unknown }, kind: K): attribute is Of<K> {
  return attribute.kind === kind;
}
