import { type FloatTensor, sizeOf } from "../../onnx/tensor.ts";
import type { Held, Side } from "../../operators/units.ts";

/** Which units of a side have a weight that is not zero. */
export function liveUnits({ data }: FloatTensor, { view }: Held, side: Side): Uint8Array {
  const strides = view.map((_, axis) => sizeOf(view.slice(axis + 1)));
  const others = view.flatMap((size, axis) => (side.axes.includes(axis) ? [] : [{ size, stride: strides[axis] }]));
  return Uint8Array.from({ length: countOf(view, side) }, (_, unit) => (isLive(firstOf(unit), 0) ? 1 : 0));

  /** The first element of a unit. */
  function firstOf(unit: number): number {
    let [place, rest] = [0, unit];
    for (const axis of side.axes.toReversed()) {
      place += (rest % view[axis]) * strides[axis];
      rest = Math.floor(rest / view[axis]);
    }
    return place;
  }

  /** Most units have a weight among their first. */
  function isLive(place: number, level: number): boolean {
    if (level === others.length) return data[place] !== 0;
    const { size, stride } = others[level];
    for (let i = 0; i < size; i++) if (isLive(place + i * stride, level + 1)) return true;
    return false;
  }
}

/** How many units a side numbers. */
export function countOf(view: readonly number[], { axes }: Side): number {
  return sizeOf(axes.map((axis) => view[axis]));
}

/** The unit of each element of a view. */
export function numbering(view: readonly number[], side: Side): (element: number) => number {
  const strides = view.map((_, axis) => sizeOf(view.slice(axis + 1)));
  const [first, second, ...others] = side.axes.map((axis) => ({ stride: strides[axis], size: view[axis] }));
  if (others.length > 0 || !first) throw new Error("A side numbers units by one axis or two.");
  if (!second) return (element) => Math.floor(element / first.stride) % first.size;
  return (element) =>
    (Math.floor(element / first.stride) % first.size) * second.size +
    (Math.floor(element / second.stride) % second.size);
}

/** The groups of a side, which are of one size: those that its first axis of two numbers. */
export function groupsOf(view: readonly number[], { axes }: Side): number {
  return axes.length > 1 ? view[axes[0]] : 1;
}

/** Places in a tensor's data, and the shape of a tensor of what is there. */
export interface Selection {
  readonly places: Uint32Array;
  readonly dims: readonly number[];
}

/** The units of a side that are left; of no side: all. */
export type Left = (side: Side) => Uint8Array | undefined;

/** What is left of an initializer with the units of its sides: elements all of whose units are. */
export function selectUnits({ dims }: FloatTensor, { view, sides }: Held, left: Left): Selection {
  const shortened = sides.flatMap((side) => {
    const kept = left(side);
    return kept ? [{ side, kept }] : [];
  });
  const sizes = [...dims];
  for (const { side, kept } of shortened) {
    sizes[side.tensorAxis] = (sizes[side.tensorAxis] * kept.reduce((sum, one) => sum + one, 0)) / kept.length;
  }
  const places = new Uint32Array(sizeOf(sizes));
  let next = 0;
  visit(0, 0, []);
  return { places, dims: sizes };

  /** Goes through the indices of a level, with what of each side is numbered so far. */
  function visit(level: number, base: number, numbered: readonly number[]): void {
    const size = view[level];
    const here = shortened.flatMap(({ side, kept }, s) => {
      const at = side.axes.indexOf(level);
      if (at < 0) return [];
      const begin = at === 0 ? 0 : (numbered[s] ?? 0) * size;
      return [{ s, begin, kept: at === side.axes.length - 1 ? kept : undefined }];
    });
    const last = level === view.length - 1;
    for (let i = 0; i < size; i++) {
      if (here.some(({ begin, kept }) => kept && kept[begin + i] === 0)) continue;
      const place = base * size + i;
      if (last) {
        places[next++] = place;
      } else {
        const now = [...numbered];
        for (const { s, begin } of here) now[s] = begin + i;
        visit(level + 1, place, now);
      }
    }
  }
}
