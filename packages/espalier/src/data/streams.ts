import type { Split } from "./dataset.ts";

/** Whether each sample of a split goes on where the one before it ends. */
export function isSequence({ stream }: Split): boolean {
  return stream !== undefined;
}

/** The samples of a split in their order, batch by batch; the last batch may be smaller. */
export function* batches(size: number, batch: number): Generator<Uint32Array> {
  for (let start = 0; start < size; start += batch) {
    yield Uint32Array.from({ length: Math.min(batch, size - start) }, (_, i) => start + i);
  }
}

/**
 * The samples of a sequence, batch by batch, where each row of the batches goes through a stretch of its own.
 * @param whole whether all batches are full, and the samples that would not fill one are left out; else the last
 *   stretches may end before the others: the rows without a sample are the last of a batch, and it is smaller
 */
export function* streams(size: number, rows: number, whole: boolean): Generator<Uint32Array> {
  const steps = whole ? Math.floor(size / rows) : Math.ceil(size / rows);
  for (let step = 0; step < steps; step++) {
    const live = whole ? rows : Math.ceil((size - step) / steps);
    yield Uint32Array.from({ length: live }, (_, row) => row * steps + step);
  }
}
