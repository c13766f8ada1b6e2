import { readdirSync } from "node:fs";

// One file, one question: `npm run bench -- NAME [args]` runs bench/NAME.bench.ts.
const [name, ...args] = process.argv.slice(2);
const known = readdirSync(import.meta.dirname ?? "bench")
  .filter((file) => file.endsWith(".bench.ts"))
  .map((file) => file.replace(".bench.ts", ""));
if (name === undefined || !known.includes(name)) {
  process.stderr.write(`Name a benchmark: npm run bench -- NAME, one of ${known.join(", ")}.\n`);
  process.exitCode = 2;
} else {
  // A benchmark may load onnxruntime-node by itself, which keeps telemetry otherwise.
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args);
  await import(`./${name}.bench.ts`);
}
