import { type ElementType, type Numbers, sizeOf } from "../elements.ts";
import type { Planning, Step, Value } from "../operator.ts";
import { isFloat32, pairwise } from "./floats.ts";
import { broadcast, stretched } from "./shapes.ts";

/** Types whose elements are JavaScript's numbers. */
type Short = Exclude<ElementType, "int64" | "uint64">;

/** A function of numbers in each kind of arithmetic: of floats, of whole numbers up to 32 bits, and of those of 64. */
export interface Arithmetic {
  readonly float: (a: number, b: number) => number;
  /** Its result is cut to the bits of the type; where it is left out the floats' does. */
  readonly whole?: (a: number, b: number) => number;
  readonly big: (a: bigint, b: bigint) => bigint;
  /** The kernel that computes it of float32. */
  readonly kernel?: Parameters<typeof pairwise>[1];
}

/** Applies a function to each element. */
export function map(
  context: Planning,
  x: Value<Short>,
  type: Short,
  f: (x: number) => number,
  rectified = false,
): Step {
  const [input, output] = [context.view(x), context.view(context.output(type, x.dims, { rectified }))];
  return () => {
    const [from, to] = [input(), output()];
    for (let i = 0; i < to.length; i++) to[i] = f(from[i]);
  };
}

/** The elements of a value that stand at those of a larger shape. */
interface Stretched<T extends ElementType> {
  readonly view: () => Numbers<T>;
  /** Where each lies; undefined where they lie in order. */
  readonly places: Uint32Array | undefined;
}

export function stretch<T extends ElementType>(
  context: Planning,
  value: Value<T>,
  dims: readonly number[],
): Stretched<T> {
  const inOrder = sizeOf(value.dims) === sizeOf(dims);
  return { view: context.view(value), places: inOrder ? undefined : stretched(value.dims, dims) };
}

/** Applies an arithmetic to two values of one type, which may stretch each other. */
export function combine(context: Planning, a: Value, b: Value, arithmetic: Arithmetic): Step {
  const { float, whole = float, big, kernel } = arithmetic;
  const dims = broadcast(context, a.dims, b.dims);
  const y = context.output(a.type, dims);
  if (kernel && isFloat32(a) && isFloat32(b) && isFloat32(y)) return pairwise(context, kernel, a, b, y);
  const output = context.view(y);
  const [left, right] = [stretch(context, a, dims), stretch(context, b, dims)];
  const f = isFloat(a.type) ? float : whole;
  return () => {
    const [x, y, to] = [left.view(), right.view(), output()];
    if (isBig(x) && isBig(y) && isBig(to)) join(x, left.places, y, right.places, to, big);
    else if (!isBig(x) && !isBig(y) && !isBig(to)) join(x, left.places, y, right.places, to, f);
  };
}

export function isFloat(type: ElementType): boolean {
  return type === "float32" || type === "float64";
}

export type Big = BigInt64Array | BigUint64Array;
export type Small = Exclude<Numbers, Big>;

export function isBig(numbers: Numbers): numbers is Big {
  return numbers instanceof BigInt64Array || numbers instanceof BigUint64Array;
}

/** An array whose elements are read and written. */
interface Elements<E> {
  readonly length: number;
  [i: number]: E;
}

/** Writes f(a, b) of the elements that stand at each place. */
export function join<E, R>(
  a: Elements<E>,
  left: Uint32Array | undefined,
  b: Elements<E>,
  right: Uint32Array | undefined,
  to: Elements<R>,
  f: (a: E, b: E) => R,
): void {
  for (let i = 0; i < to.length; i++) to[i] = f(a[left ? left[i] : i], b[right ? right[i] : i]);
}

/** Math.max of numbers of 64 bits. */
export function larger(a: bigint, b: bigint): bigint {
  if (a > b) return a;
  return b;
}

/** Math.min of numbers of 64 bits. */
export function smaller(a: bigint, b: bigint): bigint {
  if (a < b) return a;
  return b;
}
