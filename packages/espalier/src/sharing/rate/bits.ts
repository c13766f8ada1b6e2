import { type MathNodes, mathNodes } from "../../autodiff/math.ts";
import { int } from "../../onnx/attributes.ts";
import type { GraphBuilder } from "../../onnx/builder.ts";

/** A tensor of codes, seen as a matrix. */
export interface CodeMatrix {
  /** The codes before they are rounded, [rows, columns]. */
  readonly codes: string;
  readonly rows: number;
  readonly columns: number;
}

/**
 * Adds what a matrix of codes takes in bits, under a model of it that is made anew of the rounded codes in each step. A
 * code is zero or not; that it is not has the odds
 *
 *     odds(row) odds(column) / odds(matrix)
 *
 * of the part that is not zero in its row, in its column and in the whole, as a coder knows them that looks at neighbours.
 * Where most are not, their odds are taken for even: else a dense layer would stay so. A code that is not zero has a sign,
 * and a magnitude whose bits grow by the same for each 1 (a geometric distribution of the mean that there is). Between
 * whole numbers bits grow linearly, so that a weight is drawn to zero by as many as it takes to be there at all
 * (entropy-penalized: Oktay et al., arXiv 1906.06624). The model itself is taken as it is: no gradient goes through it.
 * What is added has the slope of the bits, which is all that training goes by, and not their sum.
 * @param options whether rows and columns count; default: where there is more than one of each
 * @returns the name of a float32 scalar
 */
export function addBits(
  graph: GraphBuilder,
  { codes, rows, columns }: CodeMatrix,
  { places = rows > 1 && columns > 1 }: { readonly places?: boolean } = {},
): string {
  const math = mathNodes(graph, (value) => graph.scalar("float32", value));
  const { abs, add, sub, mul, div, min, max, less, where } = math;
  const size = abs(codes);
  // Floor ends the gradient, and halves are as good as rounded up.
  const whole = graph.emit("Floor", [add(size, 0.5)]);
  const alive = min(whole, 1);
  const sumOver = (value: string, ...axes: number[]) =>
    graph.emit("ReduceSum", [value, graph.ints(axes)], { keepdims: int(1) });
  const byRow = sumOver(alive, 1);
  const live = sumOver(byRow, 0);
  const count = rows * columns;
  const share = div(add(live, 0.5), count + 1);
  const odds = (sums: string, length: number) => {
    const seen = Math.sqrt(length);
    return logOdds(math, div(add(sums, mul(share, seen)), length + seen));
  };
  // P(magnitude k) = (1 - g) g^(k - 1), with g = excess / (excess + live).
  const excess = add(sub(sumOver(whole, 0, 1), live), 0.5);
  const all = add(add(excess, live), 0.5);
  const more = mul(sub(math.log(all), math.log(excess)), 1 / Math.LN2);
  const first = add(mul(sub(math.log(all), math.log(sub(all, excess))), 1 / Math.LN2), 1);
  const overall = logOdds(math, share);
  // What the whole matrix and its rows say is added up before the columns stretch it over all codes.
  const there = places
    ? max(sub(add(sub(first, odds(byRow, columns)), overall), odds(sumOver(alive, 0), rows)), first)
    : max(sub(first, overall), first);
  const slope = where(less(size, 1), there, more);
  return graph.emit("ReduceSum", [mul(slope, size)], { keepdims: int(0) });
}

/** log2 of p / (1 - p). */
function logOdds({ div, sub, log, mul }: MathNodes, part: string): string {
  return mul(log(div(part, sub(1, part))), 1 / Math.LN2);
}
