import type { Node } from "../../onnx/graph.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { layersOf } from "../../operators/layers.ts";
import type { Held, Product, Side } from "../../operators/units.ts";
import { type Flow, labelOf, productsIn } from "./flow.ts";
import { Partition } from "./partition.ts";
import { groupsOf } from "./weights.ts";

/** Entries of an initializer that belong to units of a group. */
export interface UnitMember {
  readonly initializer: string;
  /** The layer whose weights it is; left out of other initializers. */
  readonly layer?: string;
  /** The node that reads it. */
  readonly node: string;
  /** Whether they make the units, read them, or are for each unit one of the numbers that scale or shift it. */
  readonly role: "makes" | "reads" | "holds";
  /** A shape of the initializer, of the same elements in the same order, */
  readonly view: readonly number[];
  /** and the axes of it by whose joint index the units lie. */
  readonly axes: readonly number[];
  /** Which unit of the group is at each index, -1 for one of another group; default: 0, 1, 2, ... */
  readonly units?: readonly number[];
}

/** Coupled units: layers whose units are the same, as a sum or the like joins them, with all that has entries for them. */
export interface UnitGroup {
  /** The layers that make them. */
  readonly layers: readonly string[];
  /** How many there are: what can only go together is one. */
  readonly units: number;
  /** Those that may be removed. */
  readonly free: number;
  /** Parts of one size that they are in, of which each loses as many as the others; 1 where they are in none. */
  readonly parts: number;
  /** Why the others stay. */
  readonly pinned: readonly { readonly units: number; readonly why: string }[];
  readonly members: readonly UnitMember[];
}

/** A group that is being collected. */
interface Collected {
  readonly layers: Set<string>;
  /** The number of each class of units within the group. */
  readonly numbers: Map<number, number>;
  readonly members: UnitMember[];
  parts: number;
}

/** The groups of coupled units (DepGraph, arXiv 2301.12900) in the order in which they are made. */
export function unitGroups(annotated: TypedModel, flow: Flow): UnitGroup[] {
  const { units, links } = flow;
  const names = new Map(layersOf(annotated).map(({ name, weight }) => [weight, name]));
  const groupOf = joinedByMakers(flow);
  const groups = new Map<number, Collected>();
  for (const { initializer, makes } of productsIn(flow)) {
    for (const unit of makes.flatMap((side) => units.of(side.units) ?? [])) {
      const key = groupOf(unit);
      const group = groups.get(key) ?? { layers: new Set(), numbers: new Map(), members: [], parts: 1 };
      groups.set(key, group);
      group.layers.add(names.get(initializer) ?? initializer);
      if (!group.numbers.has(unit)) group.numbers.set(unit, group.numbers.size);
    }
  }
  for (const [node, { products = [], held = [] }] of links) {
    for (const product of products) for (const side of product.sides) add(node, product, side, roleOf(product, side));
    for (const one of held) for (const side of one.sides) add(node, one, side, "holds");
  }
  const pinned = units.pinned();
  return Array.from(groups.values(), ({ layers, numbers, members, parts }) => {
    const reasons = new Map<string, number>();
    let free = 0;
    for (const unit of numbers.keys()) {
      const why = pinned.get(unit);
      if (!why) free++;
      for (const reason of why ?? []) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
    const kept = Array.from(reasons, ([why, count]) => ({ units: count, why }));
    return { layers: [...layers], units: numbers.size, free, parts, pinned: kept, members };
  });

  function add(node: Node, { initializer, view }: Held, side: Side, role: UnitMember["role"]): void {
    const carried = units.of(side.units) ?? [];
    const found = new Set(carried.map(groupOf));
    for (const key of found) {
      const group = groups.get(key);
      if (!group) continue;
      const numbers = carried.map((unit) => group.numbers.get(unit) ?? -1);
      const isPlain = numbers.length === group.numbers.size && numbers.every((number, i) => number === i);
      group.parts = Math.max(group.parts, groupsOf(view, side));
      group.members.push({
        initializer,
        layer: names.get(initializer),
        node: labelOf(node),
        role,
        view,
        axes: side.axes,
        units: isPlain ? undefined : numbers,
      });
    }
  }
}

function roleOf({ makes, reads }: Product, side: Side): UnitMember["role"] {
  if (makes.includes(side)) return "makes";
  return reads.includes(side) ? "reads" : "holds";
}

/** For each class of units a number of its group: the units that one layer makes are of one group. */
export function joinedByMakers(flow: Flow): (unit: number) => number {
  const partition = new Partition();
  const numbers = new Map<number, number>();
  const numberOf = (unit: number) => {
    const number = numbers.get(unit) ?? partition.add();
    numbers.set(unit, number);
    return number;
  };
  for (const { makes } of productsIn(flow)) {
    for (const side of makes) {
      const [first, ...others] = (flow.units.of(side.units) ?? []).map(numberOf);
      for (const other of others) partition.join(first, other);
    }
  }
  return (unit) => partition.of(numberOf(unit));
}
