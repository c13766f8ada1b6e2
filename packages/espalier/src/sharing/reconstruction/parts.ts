import type { Rows } from "./rows.ts";

/** Floating-point operations of which a part has at least so many: some tenths of a second. */
const LEAST = 2e9;
/** A triangle that is used by many rows is computed anew in each part: that is at most so much of its work. */
const LEAST_PER_TRIANGLE = 4;
/** Times the square of its length, what a row takes besides its triangle. */
const BY_ROW = 8;

/**
 * Rows as parts from one to another, which are worked on one by one. They depend on the rows alone, so that sums over
 * parts are the same wherever the parts are worked on.
 */
export function partsOf(rows: Rows): readonly (readonly [from: number, to: number])[] {
  const parts: (readonly [number, number])[] = [];
  let [from, work, triangle, since] = [0, 0, 0, 0];
  for (let row = 0; row < rows.count; row++) {
    const shared = row > from && rows.alike(row, row - 1);
    if (!shared) {
      triangle = rows.live(row) ** 3 / 3;
      work += triangle;
      since = 0;
    }
    const own = BY_ROW * rows.live(row) ** 2;
    work += own;
    since += own;
    if (work < LEAST || row + 1 === rows.count) continue;
    if (since < LEAST_PER_TRIANGLE * triangle && rows.alike(row + 1, row)) continue;
    parts.push([from, row + 1]);
    [from, work] = [row + 1, 0];
  }
  if (from < rows.count) parts.push([from, rows.count]);
  return parts;
}
