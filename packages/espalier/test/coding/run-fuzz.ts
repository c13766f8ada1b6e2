import { parseArgs } from "node:util";
import { Fuzzer } from "./fuzz.ts";

// `npm run fuzz -- --seconds 60 --seed 1`: rounds until the time is over, or until one fails.
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    from: { type: "string", default: "0" },
  },
});
const seed = Number(values.seed);
const fuzzer = new Fuzzer(seed);
const counts = new Map<string, { rounds: number; decoded: number }>();
let slowest = { milliseconds: 0, round: 0 };
const end = performance.now() + 1000 * Number(values.seconds);
let round = Number(values.from);
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
  `Seed ${seed}, rounds ${values.from} to ${round - 1}; the slowest, ${slowest.round}, took ${slowest.milliseconds} ms.`,
);
