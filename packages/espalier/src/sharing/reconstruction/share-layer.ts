import { float32 } from "../../onnx/tensor.ts";
import type { Random } from "../../random.ts";
import type { Problem } from "../../reconstruction/problem.ts";
import { type Entry, entropyConstrained } from "../entropy.ts";
import { countCodes, MOST_BITS } from "../shared.ts";
import type { Decided } from "./decide.ts";
import { refit } from "./refit.ts";
import { allPivots, decide, type RowWork } from "./row-jobs.ts";
import { Rows } from "./rows.ts";

/** Of conjugate gradients, which look for the weights of least error before any is shared. */
const ITERATIONS = 25;
/** Floating-point operations from which on rows, which are factored anyway, are solved for one by one instead. */
const MOST_OPERATIONS = 1e12;
/** How often all weights are decided and the values refitted. */
const PASSES = 2;

/**
 * Shares a layer's weights so that its outputs stay what they were: the weights of least error on the connections that
 * are left are decided one after the other, each for the value that costs least in error and bits, and each making up
 * for the errors of those before it; the bias makes up for what is left. Cut connections stay cut, and more may be.
 * @param lambda what a bit may cost in squared error of the outputs
 * @returns the weights as matrices, with the bias as last column
 */
export async function shareLayer(
  { shape, fixed, whole, squares }: Problem,
  lambda: number,
  random: Random,
  work: RowWork = {},
): Promise<Float32Array> {
  const width = shape.columns;
  const mask = Uint8Array.from(whole, (w, i) => (w !== 0 || i % width >= width - fixed ? 1 : 0));
  const { second, diagonal, target } = squares;
  const rows = new Rows({ shape, second, diagonal, mask, fixed, from: 0, to: shape.groups * shape.rows });
  const iterated = squares.operations(ITERATIONS) <= MOST_OPERATIONS;
  const pivots = await allPivots(rows, iterated ? undefined : target, work);
  const wanted = pivots.wanted ?? (await squares.fit(mask, whole.slice(), ITERATIONS));
  let entries = firstEntries(rows, wanted, pivots.squares, lambda, random);
  for (let pass = 1; ; pass++) {
    const decided = await decide(rows, wanted, entries, lambda, work);
    const values = refit(decided);
    if (pass === PASSES) return written(rows, wanted, { ...decided, entries: values });
    entries = values.toSorted((a, b) => a.value - b.value);
  }
}

/** The codebook of least error and bits if no weight made up for others' errors but as its chain allows. */
function firstEntries(rows: Rows, wanted: Float32Array, pivots: Float32Array, lambda: number, random: Random) {
  const { width, fixed, weights: total } = rows;
  const connections = width - fixed;
  const weights = new Float32Array(total);
  const importance = new Float32Array(total);
  let at = 0;
  for (let row = 0; row < rows.count; row++) {
    for (const column of rows.columns(row)) {
      const pivot = pivots[at++];
      if (column >= connections) continue;
      weights[row * connections + column] = wanted[row * width + column];
      importance[row * connections + column] = pivot;
    }
  }
  const tensor = float32([rows.count, connections], weights);
  const shared = entropyConstrained(tensor, { bits: MOST_BITS, init: "linear", random, lambda, importance });
  const counts = countCodes(shared);
  const entries: Entry[] = Array.from(shared.values, (value, code) => ({ value, count: counts[code], mass: 0 }));
  if (entries.some(({ value }) => value === 0)) return entries;
  return [...entries, { value: 0, count: 0, mass: 0 }].toSorted((a, b) => a.value - b.value);
}

/**
 * The weights as decided, with the biases that make up for what is left of the errors e: by the sum of H_jb e_j / H_bb,
 * as the last column of R is that of H divided by its pivot.
 */
function written(rows: Rows, wanted: Float32Array, { codes, entries }: Pick<Decided, "codes" | "entries">) {
  const { width, fixed } = rows;
  const result = new Float32Array(rows.count * width);
  let at = 0;
  for (let row = 0; row < rows.count; row++) {
    const bias = width - 1;
    let carried = 0;
    for (const column of rows.columns(row)) {
      if (column >= width - fixed) continue;
      const i = row * width + column;
      result[i] = entries[codes[at++]].value;
      if (fixed > 0) carried += rows.moment(row, column, bias) * (wanted[i] - result[i]);
    }
    if (fixed > 0) result[row * width + bias] = wanted[row * width + bias] + carried / rows.moment(row, bias, bias);
  }
  return result;
}
