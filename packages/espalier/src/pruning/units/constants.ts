import { isFloat32 } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import type { Axis, Passage, UnitLinks } from "../../operators/units.ts";
import { byTarget, type Flow } from "./flow.ts";
import { liveUnits } from "./weights.ts";

/** What each index of an axis always holds; NaN where that depends on the input. */
export class Constants {
  readonly #found = new Map<string, ReadonlyMap<number, readonly number[]>>();

  /** The numbers along an axis; undefined where nothing is known of it. */
  of({ value, axis }: Axis): readonly number[] | undefined {
    return this.#found.get(value)?.get(axis);
  }

  set({ value, axis }: Axis, numbers: readonly number[]): void {
    this.#found.set(value, new Map([...(this.#found.get(value) ?? []), [axis, numbers]]));
  }
}

/** Finds the units that no live connection reaches, and follows what they always hold to where it is read. */
export function constantsOf(annotated: TypedModel, { units, links }: Flow): Constants {
  const found = new Constants();
  for (const node of links.values()) {
    for (const to of madeBy(node)) found.set(to, ofCut(to, node));
    for (const [to, meeting] of byTarget(node.passages ?? [])) {
      if (found.of(to) || !units.of(to)) continue;
      found.set(to, ofPassing(to, meeting, node));
    }
  }
  return found;

  /** What the units of an axis hold all of whose weights are zero. */
  function ofCut(to: Axis, { products = [], constant }: UnitLinks): number[] {
    const size = units.of(to)?.length ?? 0;
    const live = new Uint8Array(size);
    for (const product of products) {
      const tensor = annotated.initializers.get(product.initializer);
      for (const side of product.makes.filter((side) => isSame(side.units, to))) {
        if (!isFloat32(tensor)) live.fill(1);
        else for (const [i, one] of liveUnits(tensor, product, side).entries()) if (one) live[i] = 1;
      }
    }
    return Array.from(live, (one, i) => (one ? Number.NaN : (constant?.(to, i, []) ?? Number.NaN)));
  }

  function ofPassing(to: Axis, meeting: readonly Passage[], { constant }: UnitLinks): number[] {
    const terms: number[][] = Array.from({ length: units.of(to)?.length ?? 0 }, () => []);
    for (const { from, sources, targets } of meeting) {
      const numbers = found.of(from);
      const count = (sources ?? targets)?.length ?? terms.length;
      for (let k = 0; k < count; k++) terms[targets?.[k] ?? k].push(numbers?.[sources?.[k] ?? k] ?? Number.NaN);
    }
    return terms.map((given, i) => constant?.(to, i, given) ?? Number.NaN);
  }
}

/** The axes whose units products of a node make. */
function madeBy({ products = [] }: UnitLinks): Axis[] {
  const axes = products.flatMap(({ makes }) => makes.map((side) => side.units));
  return axes.filter((axis, i) => axes.findIndex((other) => isSame(axis, other)) === i);
}

function isSame(a: Axis, b: Axis): boolean {
  return a.value === b.value && a.axis === b.axis;
}
