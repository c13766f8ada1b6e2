import { permutation, random } from "../../random.ts";

/**
 * The samples of each shard, in ascending order: as many for each, but for one. They are dealt by chance, since samples
 * may follow a pattern, and by the same chance for every seed, so that what workers have got stays good.
 */
export function dealt(size: number, shards: number): readonly Uint32Array[] {
  if (shards === 1) return [Uint32Array.from({ length: size }, (_, i) => i)];
  const order = permutation(size, random(0, "shards"));
  return Array.from({ length: shards }, (_, shard) => order.filter((_, i) => i % shards === shard).sort());
}

/** The seed of a shard: its order of samples, its noise. The first has the run's own. */
export const seedOf = (seed: number, shard: number) => (seed + shard * 1_000_000_007) % Number.MAX_SAFE_INTEGER;
