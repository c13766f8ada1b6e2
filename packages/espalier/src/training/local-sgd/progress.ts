import type { LocalProgress } from "./job.ts";

/**
 * Adds up how far shards are.
 * @param tell is told of steps, and of the sum of the losses of all so far
 */
export function together(tell: (count: number, lossSum: number) => void): (shard: number, told: unknown) => void {
  const far = new Map<number, LocalProgress>();
  return (shard, told) => {
    if (!isProgress(told)) return;
    const since = told.steps - (far.get(shard)?.steps ?? 0);
    far.set(shard, told);
    tell(
      since,
      [...far.values()].reduce((sum, { lossSum }) => sum + lossSum, 0),
    );
  };
}

function isProgress(told: unknown): told is LocalProgress {
  return typeof told === "object" && told !== null && "steps" in told && "lossSum" in told;
}
