import { type ElementType, type Numbers, sizeOf } from "../elements.ts";
import type { Planning, Value } from "../operator.ts";

/** What checks of shapes need of a node. */
type Refusing = Pick<Planning, "wrong">;

/** The number of an axis that may be counted from the end. */
export function axisIn(context: Refusing, axis: number, rank: number): number {
  if (!(Number.isInteger(axis) && axis >= -rank && axis < rank)) context.wrong(`has no axis ${axis} of ${rank}`);
  return axis < 0 ? axis + rank : axis;
}

/** The axes that a list names, each once. */
export function axesIn(context: Refusing, axes: readonly number[], rank: number): Set<number> {
  const found = new Set(axes.map((axis) => axisIn(context, axis, rank)));
  if (found.size < axes.length) context.wrong(`names an axis twice in [${axes}]`);
  return found;
}

/** The whole numbers of a value that is known: as float64, which only those of more than 53 bits are rounded to. */
export function wholesOf(context: Pick<Planning, "known">, value: Value<"int64" | "int32">): number[] {
  return Array.from<number | bigint, number>(context.known(value), Number);
}

/**
 * Checks that a value has exactly one element, of whatever rank it is: index 0 of an empty one is undefined.
 * @param name what the node calls the value
 * @throws UserError when it has none, or several
 */
export function checkOne(context: Refusing, name: string, { dims }: Value): void {
  if (sizeOf(dims) !== 1) context.wrong(`reads one element of ${name}, which has the shape [${dims}]`);
}

/**
 * The only element of a value that is known.
 * @throws UserError when it has none, or several, as {@link checkOne} says
 */
export function onlyOf<T extends ElementType>(
  context: Pick<Planning, "known" | "wrong">,
  name: string,
  value: Value<T>,
): Numbers<T>[number] {
  checkOne(context, name, value);
  return context.known(value)[0];
}

/** The shape of an element-wise operation (ONNX's multidirectional broadcasting). */
export function broadcast(context: Refusing, ...shapes: readonly (readonly number[])[]): number[] {
  const rank = shapes.reduce((most, { length }) => Math.max(most, length), 0);
  return Array.from({ length: rank }, (_, axis) => {
    const dims = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    const length = dims.find((dim) => dim !== 1) ?? 1;
    if (dims.some((dim) => dim !== 1 && dim !== length)) {
      context.wrong(`joins shapes that do not fit: ${shapes.map((shape) => `[${shape}]`).join(" and ")}`);
    }
    return length;
  });
}

/** True if a shape can be stretched to another without changing that. */
export function stretches(from: readonly number[], to: readonly number[]): boolean {
  const lead = to.length - from.length;
  return lead >= 0 && from.every((dim, axis) => dim === 1 || dim === to[axis + lead]);
}

/** How a second operand stretched before operator set 7. */
interface Stretching {
  readonly broadcast: boolean;
  /** The axis of the first operand at which those of the second begin; left out: they are the last. */
  readonly axis: number | undefined;
}

/** The second operand in the shape that stretches by itself. */
export function aligned<T extends ElementType>(
  context: Pick<Planning, "wrong" | "reshaped">,
  a: Value,
  b: Value<T>,
  { broadcast, axis = a.dims.length - b.dims.length }: Stretching,
): Value<T> {
  const behind = a.dims.length - axis - b.dims.length;
  const dims = [...b.dims, ...Array<number>(Math.max(0, behind)).fill(1)];
  const fits = axis >= 0 && behind >= 0 && stretches(dims, a.dims);
  if (!(broadcast ? fits : b.dims.join() === a.dims.join())) context.wrong(`joins [${a.dims}] and [${b.dims}]`);
  return context.reshaped(b, dims);
}

/** The places along an axis are held in tables while a network is planned: no longer axis is made, */
const LONGEST = 2 ** 25;
/** nor more elements by a table of their places. */
const MOST_PLACES = 2 ** 28;

/** Refuses a shape that numbers in a file ask for and no memory has, before anything is made of it. */
export function checkMade(context: Pick<Planning, "refuse">, dims: readonly number[]): void {
  if (dims.every((dim) => dim <= LONGEST) && sizeOf(dims) <= MOST_PLACES) return;
  context.refuse(`makes [${dims}]`);
}

/** How far apart the elements along each axis are. */
export function stepsOf(dims: readonly number[]): number[] {
  const steps: number[] = [];
  let step = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    steps[axis] = step;
    step *= dims[axis];
  }
  return steps;
}

/** The place of each element of a shape, counted from `start` with a step for each axis. */
export function placesOf(dims: readonly number[], steps: readonly number[], start = 0): Uint32Array {
  const places = new Uint32Array(sizeOf(dims));
  const index = dims.map(() => 0);
  let place = start;
  for (let i = 0; i < places.length; i++) {
    places[i] = place;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      place += steps[axis];
      if (++index[axis] < dims[axis]) break;
      place -= steps[axis] * dims[axis];
      index[axis] = 0;
    }
  }
  return places;
}

/**
 * The places of a grid: sums of one number for each axis, which a table has for each place along it.
 * @returns -1 where one of them is below zero, which stands for a place that is not there
 */
export function gridOf(tables: readonly (readonly number[])[]): Int32Array {
  const dims = tables.map(({ length }) => length);
  const places = new Int32Array(sizeOf(dims));
  const steps = stepsOf(dims);
  for (const [axis, table] of tables.entries()) {
    const run = steps[axis];
    for (let i = 0, k = 0; i < places.length; k = k + 1 < table.length ? k + 1 : 0) {
      for (const end = i + run; i < end; i++) places[i] = places[i] < 0 || table[k] < 0 ? -1 : places[i] + table[k];
    }
  }
  return places;
}

/** For each element of a shape, the place that it has in a smaller one that is stretched to it. */
export function stretched(from: readonly number[], to: readonly number[]): Uint32Array {
  const lead = to.length - from.length;
  const own = stepsOf(from);
  return placesOf(
    to,
    to.map((_, axis) => (axis < lead || from[axis - lead] === 1 ? 0 : own[axis - lead])),
  );
}

/** Elements as words that are moved as they are: of 1, 2 or 4 bytes; two words for an element of 8. */
export type Words = Uint8Array | Uint16Array | Int32Array;

/** The elements of a value as words, at each run. */
export function wordsOf(context: Pick<Planning, "view">, value: Value): () => Words {
  const view = context.view(value);
  let [from, words] = [view(), over(view())];
  return () => {
    const now = view();
    if (now !== from) [from, words] = [now, over(now)];
    return words;
  };
}

function over({ buffer, byteOffset, byteLength, BYTES_PER_ELEMENT }: Numbers<ElementType>): Words {
  if (BYTES_PER_ELEMENT === 1) return new Uint8Array(buffer, byteOffset, byteLength);
  if (BYTES_PER_ELEMENT === 2) return new Uint16Array(buffer, byteOffset, byteLength / 2);
  return new Int32Array(buffer, byteOffset, byteLength / 4);
}

/** Words of an element. */
export function wordsIn(type: ElementType): 1 | 2 {
  return type === "int64" || type === "uint64" || type === "float64" ? 2 : 1;
}
