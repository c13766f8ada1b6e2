import type { TensorData } from "./dtype.ts";

type Big = BigInt64Array | BigUint64Array;

function isBig(data: TensorData): data is Big {
  return data instanceof BigInt64Array || data instanceof BigUint64Array;
}

/**
 * Copies the elements `start` to `end` of an array to the place `at` of another, which may hold numbers of another type:
 * what has no equal there is rounded or wrapped.
 */
export function copyElements(from: TensorData, start: number, end: number, into: TensorData, at: number): void {
  const part = from.subarray(start, end);
  if (isBig(part) && isBig(into)) into.set(part, at);
  else if (!isBig(part) && !isBig(into)) into.set(part, at);
  else if (isBig(into)) for (let i = 0; i < part.length; i++) into[at + i] = whole(Number(part[i]));
  else for (let i = 0; i < part.length; i++) into[at + i] = Number(part[i]);
}

/** A number without what is behind its point, as BigInt takes it. */
function whole(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}

/** Returns true if two arrays hold the same numbers, even in different types. */
export function sameElements(a: TensorData, b: TensorData): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSame(a[i], b[i])) return false;
  return true;
}

/** A large int64 and the double that it is rounded to are not the same number. */
function isSame(a: number | bigint, b: number | bigint): boolean {
  if (typeof a === typeof b) return a === b;
  return Number(a) === Number(b) && BigInt(a) === BigInt(b);
}

/** Sets elements to a whole number, from `start` to `end`; default: all of them. */
export function fillElements(data: TensorData, value: number, start = 0, end = data.length): void {
  if (isBig(data)) data.fill(BigInt(value), start, end);
  else data.fill(value, start, end);
}
