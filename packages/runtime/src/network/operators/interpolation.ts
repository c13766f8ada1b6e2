import { sizeOf } from "../elements.ts";
import type { Planning, Step, Value } from "../operator.ts";
import type { Tap } from "./resampling.ts";
import { gridOf } from "./shapes.ts";

/** Interpolates along one axis after the other. */
export function interpolate(
  context: Planning,
  x: Value<"float32">,
  dims: readonly number[],
  taps: readonly (readonly (readonly Tap[])[])[],
  extrapolation: number,
): Step {
  const changed = [...taps.keys()].filter((i) => !isWhole(taps[i], x.dims[i]));
  const passes = changed.map((axis, i) => {
    const shape = x.dims.map((dim, k) => (changed.indexOf(k) >= 0 && k <= axis ? dims[k] : dim));
    const room = i < changed.length - 1 ? new Float32Array(sizeOf(shape)) : undefined;
    return { count: x.dims[axis], inner: sizeOf(shape.slice(axis + 1)), taps: flat(taps[axis]), room };
  });
  const outside = taps.some((axis) => axis.some((places) => places.length === 0))
    ? gridOf(taps.map((axis) => axis.map((places) => (places.length === 0 ? -1 : 0))))
    : undefined;
  const [input, output] = [context.view(x), context.view(context.output("float32", dims))];
  return () => {
    const to = output();
    let from = input();
    if (passes.length === 0) to.set(from);
    for (const { count, inner, taps, room } of passes) {
      along(from, count, room ?? to, taps, inner);
      from = room ?? to;
    }
    if (outside) for (let i = 0; i < to.length; i++) if (outside[i] < 0) to[i] = extrapolation;
  };
}

/** True if an axis stays as it is. */
function isWhole(taps: readonly (readonly Tap[])[], count: number): boolean {
  return taps.length === count && taps.every((places, i) => places.length === 1 && places[0].at === i);
}

/** The taps of an axis one behind the other; those of each place end where its number says. */
interface FlatTaps {
  readonly ends: Int32Array;
  readonly places: Int32Array;
  readonly weights: Float64Array;
}

function flat(taps: readonly (readonly Tap[])[]): FlatTaps {
  let end = 0;
  const ends = Int32Array.from(taps, ({ length }) => {
    end += length;
    return end;
  });
  const all = taps.flat();
  return {
    ends,
    places: Int32Array.from(all, ({ at }) => at),
    weights: Float64Array.from(all, ({ weight }) => weight),
  };
}

/** Writes [outer, taps, inner] of [outer, count, inner]. */
function along(
  from: Float32Array,
  count: number,
  to: Float32Array,
  { ends, places, weights }: FlatTaps,
  inner: number,
): void {
  const outer = from.length / (count * inner);
  let at = 0;
  for (let block = 0; block < outer; block++) {
    const first = block * count * inner;
    for (let i = 0, start = 0; i < ends.length; i++) {
      for (let p = 0; p < inner; p++) {
        let sum = 0;
        for (let tap = start; tap < ends[i]; tap++) sum += weights[tap] * from[first + places[tap] * inner + p];
        to[at++] = sum;
      }
      start = ends[i];
    }
  }
}
