import type { Model } from "../onnx/graph.ts";
import type { Plan } from "./ladder.ts";
import type { Treatment } from "./treatment.ts";

/** A network whose layers can be held in other ways. */
export interface Form {
  /** By the names of their weights: the ways in which each can be held, from the smallest on. Others stay as they are. */
  readonly ways: ReadonlyMap<string, readonly Treatment[]>;
  /** The network with each layer as a plan says. @param model the form's own, or one that was made of it for some samples */
  write(model: Model, plan: Plan): Model;
}

/** The plan in which each layer is held as small as can be. */
export function smallest({ ways }: Form): Plan {
  return new Map(Array.from(ways, ([name, [first]]) => [name, first]));
}

/** The plan in which one layer is held in a way, and all others are as they came. */
export function alone({ ways }: Form, layer: string, treatment: Treatment): Plan {
  return new Map(Array.from(ways.keys(), (name) => [name, name === layer ? treatment : "float32"]));
}

/** The layers that a plan holds in one of some ways. */
export function heldAs(plan: Plan, ...treatments: readonly Treatment[]): Set<string> {
  return new Set([...plan].flatMap(([name, treatment]) => (treatments.includes(treatment) ? [name] : [])));
}

/** The entries of a map whose names are among some. */
export function among<T>(map: ReadonlyMap<string, T>, names: ReadonlySet<string>): Map<string, T> {
  return new Map([...map].filter(([name]) => names.has(name)));
}
