import { consumers, lookup, type Node, OPSET, producers } from "../../onnx/graph.ts";
import { readsOf } from "../../onnx/live.ts";
import { isFloat32 } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { biasFinder } from "../../operators/bias.ts";
import { unitRuleOf } from "../../operators/catalogue.ts";
import type { Axis, Held, Passage, Product, UnitContext, UnitLinks } from "../../operators/units.ts";
import { Units } from "./units.ts";

/** How units flow through a network. */
export interface Flow {
  readonly units: Units;
  /** What each node that is followed does to units. */
  readonly links: ReadonlyMap<Node, UnitLinks>;
}

export interface FlowOptions {
  /** False where nodes stay as they are: units are pinned whose number a node names. */
  readonly resizing?: boolean;
}

/**
 * Follows units from operator to operator by what the catalogue says of each. What is not followed is pinned: the units
 * of all that an unknown operator reads, and of every axis that an operator does not name. Where units could lie along
 * one axis or another, as heads do before they are split, they lie along that by which the most can be removed.
 */
export function flowOf(annotated: TypedModel, options: FlowOptions = {}): Flow {
  const chosen = new Map<Node, number>();
  let best = follow(annotated, chosen, options);
  for (const [node, axes] of best.choices) {
    for (let axis = 1; axis < axes; axis++) {
      const other = follow(annotated, new Map([...chosen, [node, axis]]), options);
      if (other.units.free().size <= best.units.free().size) continue;
      chosen.set(node, axis);
      best = other;
    }
  }
  const { units, links } = best;
  return { units, links };
}

interface Followed extends Flow {
  /** The nodes whose units could lie along several axes, and along how many. */
  readonly choices: ReadonlyMap<Node, number>;
}

function follow(annotated: TypedModel, chosen: ReadonlyMap<Node, number>, { resizing = true }: FlowOptions): Followed {
  const units = new Units();
  const links = new Map<Node, UnitLinks>();
  const choices = new Map<Node, number>();
  const contextOf = contexts(annotated, units, (node, axes) => {
    choices.set(node, axes);
    return chosen.get(node) ?? 0;
  });
  const { dims } = shapesOf(annotated);
  for (const node of annotated.nodes) {
    const rule = unitRuleOf(node);
    const found = rule?.(contextOf(node));
    const followed = found && (resizing || !found.resized) ? found : {};
    links.set(node, followed);
    const name = labelOf(node);
    if (found === followed) step(node, followed, `are mixed or cut by ${name}`);
    else if (found) step(node, followed, `are counted by ${name}, which stays as it is in its file`);
    else step(node, followed, rule ? `go through ${name} in a form that is not followed` : `are read by ${name}`);
  }
  for (const { name } of annotated.outputs) {
    for (const axis of units.axes(name)) units.pin(units.of(axis) ?? [], `are the network's output "${name}"`);
  }
  return { units, links, choices };

  /** @param why units stay that the node reads and does not name */
  function step(
    node: Node,
    { passages = [], products = [], sums = [], mixed = [], unseen = [] }: UnitLinks,
    why: string,
  ) {
    for (const side of products.flatMap(({ makes }) => makes)) {
      if (!units.of(side.units)) units.carry(side.units, units.create(sizeAt(side.units)));
    }
    for (const [to, meeting] of byTarget(passages)) {
      if (units.of(to) || meeting.some(({ from }) => units.of(from))) meet(to, meeting, node);
    }
    for (const axes of sums) meetInTerms(axes, node);
    for (const axis of mixed) units.pin(units.of(axis) ?? [], `are averaged over by ${labelOf(node)}`);
    const read = products.flatMap(({ reads }) => reads.map((side) => side.units));
    const named = new Set([...passages.map(({ from }) => from), ...read, ...sums.flat(), ...unseen].map(keyOf));
    for (const axis of readsOf(node).flatMap((value) => units.axes(value))) {
      if (!named.has(keyOf(axis))) units.pin(units.of(axis) ?? [], why);
    }
  }

  /** Units that come to one axis; what is there without units has some that stay. */
  function meet(to: Axis, meeting: readonly Passage[], node: Node): void {
    const why = (value: string) => `meet "${value}" in ${labelOf(node)}, which is not made of units`;
    const found: (number | undefined)[] = Array.from({ length: sizeAt(to) });
    for (const { from, sources, targets } of meeting) {
      const coming = units.of(from) ?? pinned(sizeAt(from), why(from.value));
      const count = (sources ?? targets ?? coming).length;
      for (let k = 0; k < count; k++) {
        const target = targets?.[k] ?? k;
        const unit = coming[sources?.[k] ?? k];
        const before = found[target];
        if (before === undefined) found[target] = unit;
        else units.couple(before, unit);
      }
    }
    units.carry(
      to,
      found.map((unit) => unit ?? pinned(1, why(to.value))[0]),
    );
  }

  /** Units whose product is a term of a sum go together; what has none beside them keeps them all. */
  function meetInTerms(axes: readonly Axis[], node: Node): void {
    const [first, ...others] = axes.map((axis) => units.of(axis));
    const all = [first, ...others];
    if (all.includes(undefined)) {
      for (const known of all) units.pin(known ?? [], `are multiplied with values without units by ${labelOf(node)}`);
      return;
    }
    for (const other of others) {
      for (const [i, unit] of (first ?? []).entries()) units.couple(unit, other?.[i] ?? unit);
    }
  }

  function pinned(count: number, why: string): number[] {
    const created = units.create(count);
    units.pin(created, why);
    return created;
  }

  function sizeAt({ value, axis }: Axis): number {
    return dims(value)[axis];
  }
}

/** What messages call a node. */
export function labelOf({ op, name, outputs }: Node): string {
  return `${op} "${name || outputs[0]}"`;
}

/** The initializers that have entries for units, products' weights among them. */
export function heldIn({ links }: Flow): Held[] {
  return [...links.values()].flatMap(({ products = [], held = [] }) => [...products, ...held]);
}

/** The products of a network in the order in which they run. */
export function productsIn({ links }: Flow): Product[] {
  return [...links.values()].flatMap(({ products = [] }) => products);
}

/** Passages by the axis that they come to. */
export function byTarget(passages: readonly Passage[]): [to: Axis, meeting: Passage[]][] {
  const found = new Map<string, [Axis, Passage[]]>();
  for (const passage of passages) {
    const [, meeting] = found.get(keyOf(passage.to)) ?? [];
    if (meeting) meeting.push(passage);
    else found.set(keyOf(passage.to), [passage.to, [passage]]);
  }
  return [...found.values()];
}

function keyOf({ value, axis }: Axis): string {
  return `${axis} ${value}`;
}

function shapesOf(annotated: TypedModel) {
  const known = lookup(annotated);
  const dims = (value: string) => annotated.initializers.get(value)?.dims ?? known.type(value).dims;
  return { dims, constant: known.constant };
}

/** What the rules may ask, for each node. */
function contexts(
  annotated: TypedModel,
  units: Units,
  choose: (node: Node, axes: number) => number,
): (node: Node) => UnitContext {
  const { dims, constant } = shapesOf(annotated);
  const readers = countReaders(annotated);
  const makers = producers(annotated);
  const behind = consumers(annotated);
  const biasOf = biasFinder(annotated);
  const own = (value: string | undefined) => {
    const tensor = value ? annotated.initializers.get(value) : undefined;
    return isFloat32(tensor) && readers.get(value ?? "") === 1 ? tensor : undefined;
  };
  const parts = (value: string): readonly string[] | undefined => {
    if (own(value)) return [value];
    const maker = makers.get(value);
    if (maker?.op !== "Concat" || maker.domain !== "" || behind.get(value)?.length !== 1) return undefined;
    const each = maker.inputs.map(parts);
    return each.every((names) => names !== undefined) ? each.flat() : undefined;
  };
  return (node) => ({
    node,
    opset: annotated.opsets.get("") ?? OPSET,
    shape: dims,
    own,
    parts,
    constant: (value) => (value ? constant(value) : undefined),
    carries: (axis) => units.of(axis) !== undefined,
    isRead: (value) => value !== undefined && value !== "" && readers.has(value),
    readers(value) {
      const nodes = behind.get(value) ?? [];
      return nodes.length === readers.get(value) ? nodes : undefined;
    },
    choose: (axes) => (axes > 1 ? choose(node, axes) : 0),
    bias(use) {
      const name = biasOf(use);
      return own(name) ? name : undefined;
    },
  });
}

/** How many times each value is read, by nodes and as an output. */
function countReaders(model: TypedModel): Map<string, number> {
  const counts = new Map<string, number>();
  const reads = [...model.nodes.flatMap(readsOf), ...model.outputs.map(({ name }) => name)];
  for (const value of reads) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The flow in which a layer without a bias takes no constant up: it has no parameter for it. */
export function withOwnBiases(flow: Flow): Flow {
  const links = Array.from(flow.links, ([node, { products, ...others }]): [Node, UnitLinks] => [
    node,
    {
      ...others,
      products: products?.map(({ fold, ...product }) => (fold && "bias" in fold ? { ...product, fold } : product)),
    },
  ]);
  return { ...flow, links: new Map(links) };
}
