import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fuzzNetwork } from "../packages/runtime/test/fuzz/fuzz-network.ts";
import { targets } from "./fuzz/parsers/index.ts";
import type { Rounds, Summary } from "./fuzz/rounds.ts";
import { watched } from "./fuzz/watch.ts";

/*
 * `npm run fuzz -- onnx --seconds 60 --seed 1`: hostile inputs for a parser, until the time is over or one does what none
 * may; `all --inputs 1000000` for all parsers in turn; `network` for random networks, held to ONNX Runtime.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string" },
    inputs: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    from: { type: "string", default: "0" },
  },
});

const MINUTE = 60;
const numbers = {
  seed: Number(values.seed),
  from: Number(values.from),
  inputs: Number(values.inputs ?? Number.POSITIVE_INFINITY),
  seconds: Number(values.seconds ?? (values.inputs === undefined ? MINUTE : Number.POSITIVE_INFINITY)),
};

for (const [name, value] of Object.entries(numbers)) {
  if (value >= 0) continue;
  // Else no round is run, and nothing is found.
  process.stderr.write(`--${name} is no number from 0 on: correct it.\n`);
  process.exit(2);
}

/** Each of the targets with its share of the inputs and of the time. */
function divided(names: readonly string[]): [name: string, rounds: Rounds][] {
  const whole = names.reduce((sum, name) => sum + targets[name].share, 0);
  return names.map((name) => {
    const part = targets[name].share / whole;
    const most = targets[name].seconds ?? 2;
    return [
      name,
      { ...numbers, most, inputs: Math.ceil(numbers.inputs * part), seconds: numbers.seconds / names.length },
    ];
  });
}

async function fuzz(names: readonly string[]): Promise<void> {
  const faults = join(tmpdir(), "espalier-faults");
  const rows: Record<string, object> = {};
  let all = 0;
  for (const [name, rounds] of divided(names)) {
    try {
      const summary = await watched(name, rounds, faults);
      rows[name] = rowOf(summary);
      all += summary.rounds;
      console.table(summary.kinds);
    } catch (error) {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
      process.exitCode = 1;
    }
  }
  console.table(rows);
  console.log(`Seed ${numbers.seed}: ${all} inputs.`);
}

function rowOf({ rounds, kinds, slowest, memory }: Summary): object {
  const read = Object.values(kinds).reduce((sum, kind) => sum + kind.read, 0);
  return {
    inputs: rounds,
    read,
    "slowest, s": Number(slowest.seconds.toFixed(3)),
    "in round": slowest.round,
    "memory, MB": Math.round(memory / 1e6),
  };
}

const [name = "all"] = positionals;
if (name === "network") await fuzzNetwork({ ...numbers, seconds: Number(values.seconds ?? MINUTE) });
else if (name === "all") await fuzz(Object.keys(targets));
else if (Object.hasOwn(targets, name)) await fuzz([name]);
else {
  const known = ["all", ...Object.keys(targets), "network"];
  process.stderr.write(`There is nothing to fuzz by the name ${name}: take one of ${known.join(", ")}.\n`);
  process.exitCode = 2;
}
