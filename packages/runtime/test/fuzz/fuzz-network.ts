import { nodeEngine } from "../../../espalier/src/engine/node.ts";
import { NetworkFuzzer } from "./network-fuzzer.ts";

/**
 * Holds random networks to ONNX Runtime until the time is over, or until one comes out wrong.
 * @throws Error when one does
 */
export async function fuzzNetwork(options: { seconds: number; seed: number; from: number }): Promise<void> {
  const { seconds, seed, from } = options;
  const fuzzer = new NetworkFuzzer(seed, nodeEngine({ threads: 1 }));
  const counts = new Map<string, { computed: number; refused: number }>();
  const count = (op: string, computed: number, refused: number) => {
    const before = counts.get(op) ?? { computed: 0, refused: 0 };
    counts.set(op, { computed: before.computed + computed, refused: before.refused + refused });
  };
  const end = performance.now() + 1000 * seconds;
  let round = from;
  for (; performance.now() < end; round++) {
    const { computed, refused } = await fuzzer.round(round);
    for (const op of computed) count(op, 1, 0);
    for (const op of refused) count(op, 0, 1);
  }
  console.table(Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))));
  console.log(`Seed ${seed}, rounds ${from} to ${round - 1}.`);
}
