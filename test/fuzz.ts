import { parseArgs } from "node:util";
import { fuzzEsp } from "../packages/espalier/test/coding/fuzz-esp.ts";
import { fuzzNetwork } from "../packages/runtime/test/fuzz/fuzz-network.ts";

// `npm run fuzz -- esp|network --seconds 60 --seed 1`: rounds until the time is over, or until one fails.
const targets: Readonly<Record<string, (options: FuzzOptions) => Promise<void>>> = {
  esp: fuzzEsp,
  network: fuzzNetwork,
};

/** How long to go on, from where. */
export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  /** The first round. */
  readonly from: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    from: { type: "string", default: "0" },
  },
});
const [name = "esp"] = positionals;
if (Object.hasOwn(targets, name)) {
  await targets[name]({ seconds: Number(values.seconds), seed: Number(values.seed), from: Number(values.from) });
} else {
  process.stderr.write(`There is nothing to fuzz by the name ${name}: take ${Object.keys(targets).join(" or ")}.\n`);
  process.exitCode = 2;
}
