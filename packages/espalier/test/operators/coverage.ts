import { supported } from "espalier-runtime/operators";
import { gradientRules } from "../../src/autodiff/rules.ts";
import { passing, quantizedOperators, type WeightedOperator, weighted } from "../../src/operators/catalogue.ts";
import { type Facet, type Facets, has } from "../../src/operators/facets.ts";

/** What is known of an operator: undefined where it is, else the reason why not. */
export type Gap = string | undefined;

/** The sides of an operator with weights, in the order of the page. */
export const SIDES = ["gradient", "layer", "bias", "fit", "units", "MACs", "kernel"] as const;
export type Side = (typeof SIDES)[number];

const kernels: ReadonlyMap<string, { readonly since: number; readonly until?: number }> = new Map(
  supported.map((one) => [one.op, one]),
);

/** The operator sets in which the runtime computes an operator, as the page says it; undefined where it does not. */
export function kernelOf(op: string): string | undefined {
  const kernel = kernels.get(op);
  if (!kernel) return undefined;
  return kernel.until === undefined ? `${kernel.since}` : `${kernel.since} to ${kernel.until}`;
}

/** The operators with kernels that no page of gradients has. */
export function kernelsAlone(known: ReadonlySet<string>): string[] {
  return [...kernels.keys()].filter((op) => !known.has(op)).sort();
}

/** The operators with weights. */
export const weightedOperators = Object.keys(weighted).filter((op): op is WeightedOperator => op in weighted);

/** What an operator with weights lacks, side by side. */
export function gapsOf(op: WeightedOperator): Readonly<Record<Side, Gap>> {
  const facets: Facets = weighted[op];
  const gap = <T extends object>(facet: Facet<T>): Gap => (has(facet) ? undefined : facet.none);
  return {
    gradient: gradientRules.has(op) ? undefined : "no rule",
    layer: gap(facets.layer),
    bias: gap(facets.bias),
    fit: gap(facets.fit),
    units: gap(facets.units),
    MACs: gap(facets.macs),
    kernel: kernels.has(op) ? undefined : "the runtime refuses it",
  };
}

/** The operators that read weights of whole numbers themselves, behind their domain and a point. */
export const codedOperators = Object.keys(quantizedOperators);

/** Returns true for an operator that units pass. */
export function passesUnits(op: string): boolean {
  const facets: Facets | undefined = new Map<string, Facets>(Object.entries(weighted)).get(op);
  return facets ? has(facets.units) : Object.hasOwn(passing, op);
}
