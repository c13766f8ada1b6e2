import type { Split } from "./dataset.ts";

/** Whether each sample of a split goes on where the one before it ends. */
export function isSequence({ stream }: Split): boolean {
  return stream !== undefined;
}

/** The samples of a split in their order, batch by batch; the last batch may be smaller. */
export function* batches(size: number, batch: number): Generator<OrderedBatch> {
  for (let start = 0; start < size; start += batch) {
    const samples = Uint32Array.from({ length: Math.min(batch, size - start) }, (_, i) => start + i);
    yield { samples, begins: true };
  }
}

/** Samples of a batch; in a sequence each goes on where its row ended in the batch before. */
export interface OrderedBatch {
  readonly samples: Uint32Array;
  /** Whether each row begins anew, from a state of zeros. */
  readonly begins: boolean;
}

/** Each of some things, with those that follow it: so many in all, fewer at the end. */
export function* withNext<Thing>(things: Iterable<Thing>, count: number): Generator<readonly [Thing, ...Thing[]]> {
  const window: Thing[] = [];
  for (const thing of things) {
    window.push(thing);
    if (window.length < count) continue;
    const [first, ...next] = window;
    yield [first, ...next];
    window.shift();
  }
  for (; window.length > 0; window.shift()) {
    const [first, ...next] = window;
    yield [first, ...next];
  }
}

/** Samples that follow each other. */
interface Stretch {
  readonly start: number;
  readonly size: number;
}

/**
 * The samples of a sequence, batch by batch, where each row of the batches goes through a stretch of its own: of a text
 * as many equal ones as there are rows, of recordings each whole, so many side by side, the longest first.
 * @param whole whether all batches are full, and the samples that would not fill one are left out; recordings are then
 *   cut into equal stretches. Else the last stretches may end before the others: the rows without a sample are the last
 *   of a batch, and it is smaller
 */
export function* streams(
  { size, stream }: Pick<Split, "size" | "stream">,
  rows: number,
  whole: boolean,
): Generator<OrderedBatch> {
  const all = stream?.starts ? recordings(stream.starts, size, rows, whole) : stretches(size, rows, whole);
  for (let first = 0; first < all.length; first += rows) {
    const group = all.slice(first, first + rows);
    if (whole && group.length < rows) return;
    const steps = group[whole ? group.length - 1 : 0].size;
    for (let step = 0; step < steps; step++) {
      const live = group.filter(({ size }) => step < size).length;
      yield { samples: Uint32Array.from({ length: live }, (_, row) => group[row].start + step), begins: step === 0 };
    }
  }
}

function stretches(size: number, rows: number, whole: boolean): Stretch[] {
  const steps = whole ? Math.floor(size / rows) : Math.ceil(size / rows);
  return Array.from({ length: rows }, (_, row) => {
    const start = row * steps;
    return { start, size: Math.max(0, Math.min(steps, size - start)) };
  });
}

function recordings(starts: ArrayLike<number>, size: number, rows: number, whole: boolean): Stretch[] {
  const all = Array.from({ length: starts.length }, (_, i) => {
    const end = i + 1 < starts.length ? starts[i + 1] : size;
    return { start: starts[i], size: end - starts[i] };
  }).sort((a, b) => b.size - a.size);
  if (!whole) return all;
  const steps = stretchFor(all, size, rows);
  return all.flatMap(({ start, size }) =>
    Array.from({ length: Math.floor(size / steps) }, (_, i) => ({ start: start + i * steps, size: steps })),
  );
}

/** The part of the samples that batches can use at best which equal stretches are to use: the longer, the fewer. */
const ENOUGH = 0.9;

/**
 * The length of the longest stretches that use nearly as many samples, in full batches, as single ones do.
 * @param all the recordings, the longest first
 */
function stretchFor(all: readonly Stretch[], total: number, rows: number): number {
  const most = rows * Math.floor(total / rows);
  for (let steps = Math.min(all[0].size, Math.floor(total / rows)); steps > 1; steps--) {
    let count = 0;
    for (const { size } of all) {
      if (size < steps) break;
      count += Math.floor(size / steps);
    }
    if (rows * steps * Math.floor(count / rows) >= ENOUGH * most) return steps;
  }
  return 1;
}
