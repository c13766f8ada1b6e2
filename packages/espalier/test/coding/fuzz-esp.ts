import { Fuzzer } from "./fuzz.ts";

/**
 * Decodes hostile files until the time is over, or until one does what none may.
 * @throws Error when it does
 */
export async function fuzzEsp(options: { seconds: number; seed: number; from: number }): Promise<void> {
  const { seconds, seed, from } = options;
  const fuzzer = new Fuzzer(seed);
  const counts = new Map<string, { rounds: number; decoded: number }>();
  let slowest = { milliseconds: 0, round: 0 };
  const end = performance.now() + 1000 * seconds;
  let round = from;
  for (; performance.now() < end; round++) {
    const start = performance.now();
    const { kind, decoded } = fuzzer.round(round);
    const milliseconds = Math.round(performance.now() - start);
    if (milliseconds > slowest.milliseconds) slowest = { milliseconds, round };
    const count = counts.get(kind) ?? { rounds: 0, decoded: 0 };
    counts.set(kind, { rounds: count.rounds + 1, decoded: count.decoded + (decoded ? 1 : 0) });
  }
  console.table(Object.fromEntries(counts));
  console.log(
    `Seed ${seed}, rounds ${from} to ${round - 1}; the slowest, ${slowest.round}, took ${slowest.milliseconds} ms.`,
  );
}
