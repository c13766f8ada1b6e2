import { type Executor, inlineExecutor, type Job } from "../../engine/executor.ts";
import type { Entry } from "../entropy.ts";
import { type Decided, type DecidedRows, decideRows, type Prices, priced } from "./decide.ts";
import { addEquations } from "./equations.ts";
import { partsOf } from "./parts.ts";
import { type Pivots, pivotsOf } from "./pivots.ts";
import { Rows, type RowsData } from "./rows.ts";

/** Where a layer's rows are worked on. */
export interface RowWork {
  /** Default: here. */
  readonly executor?: Executor;
  readonly signal?: AbortSignal;
}

export interface PivotsInput {
  readonly rows: RowsData;
  /** Of these rows alone. */
  readonly target?: Float32Array;
}

/** Some rows factored, and solved for. */
export const pivotsJob: Job<PivotsInput, Pivots> = {
  name: "pivots",
  run: ({ rows, target }) => pivotsOf(new Rows(rows), target),
};

export interface DecideInput {
  readonly rows: RowsData;
  /** Of these rows alone. */
  readonly wanted: Float32Array;
  readonly prices: Prices;
}

/** The weights of some rows decided. */
export const decideJob: Job<DecideInput, DecidedRows> = {
  name: "decide",
  run: ({ rows, wanted, prices }) => decideRows(new Rows(rows), wanted, prices),
};

/**
 * Factors all rows.
 * @param target of the weights of least error, by row and column: where they are to be solved for
 */
export async function allPivots(rows: Rows, target?: Float32Array, work: RowWork = {}): Promise<Pivots> {
  const { width } = rows;
  const found: Pivots[] = [];
  const inputOf = (from: number, to: number): PivotsInput => {
    return { rows: rows.part(from, to), target: target?.slice(from * width, to * width) };
  };
  for await (const part of overParts(rows, work, pivotsJob, inputOf)) found.push(part);
  const squares = found.map((part) => part.squares);
  const wanted = found.flatMap((part) => part.wanted ?? []);
  return {
    squares: joined(squares, new Float32Array(lengthOf(squares))),
    wanted: target && joined(wanted, new Float32Array(target.length)),
  };
}

/**
 * Gives each connection its cheapest value.
 * @param entries the codebook, ascending, with a zero
 * @param wanted the weights of least error, by row and column
 * @param lambda what a bit may cost in squared error of the outputs
 */
export async function decide(
  rows: Rows,
  wanted: Float32Array,
  entries: readonly Entry[],
  lambda: number,
  work: RowWork = {},
): Promise<Decided> {
  const { width, weights } = rows;
  const prices = priced(entries, weights, lambda);
  const counts = new Uint32Array(entries.length);
  const equations = { products: new Float64Array(entries.length ** 2), onto: new Float64Array(entries.length) };
  const found: Uint8Array[] = [];
  const inputOf = (from: number, to: number): DecideInput => {
    return { rows: rows.part(from, to), wanted: wanted.slice(from * width, to * width), prices };
  };
  for await (const part of overParts(rows, work, decideJob, inputOf)) {
    found.push(part.codes);
    for (const [code, count] of part.counts.entries()) counts[code] += count;
    addEquations(equations, part.equations);
  }
  const codes = joined(found, new Uint8Array(lengthOf(found)));
  counts[prices.values.indexOf(0)] += weights - codes.length;
  return { codes, entries: entries.map(({ value, mass }, code) => ({ value, mass, count: counts[code] })), equations };
}

/** Does a job for each part of the rows. What moments take would be copied for each where memory is not shared. */
function overParts<Input, Output>(
  rows: Rows,
  { executor = inlineExecutor, signal }: RowWork,
  job: Job<Input, Output>,
  inputOf: (from: number, to: number) => Input,
): AsyncIterable<Output> {
  const parts = partsOf(rows);
  const inputs = function* () {
    for (const [from, to] of parts) yield inputOf(from, to);
  };
  const place = parts.length > 1 && executor.sharesMemory ? executor : inlineExecutor;
  return place.run(job, inputs(), { signal });
}

const lengthOf = (parts: readonly ArrayLike<number>[]) => parts.reduce((sum, { length }) => sum + length, 0);

function joined<Into extends Float32Array | Uint8Array>(parts: readonly ArrayLike<number>[], into: Into): Into {
  let at = 0;
  for (const part of parts) {
    into.set(part, at);
    at += part.length;
  }
  return into;
}
