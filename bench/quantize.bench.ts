/**
 * How small, how near and how fast are quantized networks?
 *
 * The networks of `../shared/zoo`, or of another folder of that kind, as `quantize --data` makes them: their bytes beside
 * those that came, the fidelity on the test split, and the milliseconds of one sample on one thread in onnxruntime-node
 * and onnxruntime-web beside float32 after `simplify`: the least of all runs, in turns within one process.
 * `npm run bench -- quantize [NAME] [--to int8,float16] [--folder DIR] [--json]`
 */
import Table from "cli-table3";
import { openShipped } from "../packages/espalier/src/cli/shipped.ts";
import type { Engine, Program, Tensors } from "../packages/espalier/src/engine/engine.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { simplifyModel } from "../packages/espalier/src/engine/simplify-model.ts";
import { webEngine } from "../packages/espalier/src/engine/web.ts";
import { sampleOf } from "../packages/espalier/src/experiments/zoo-times.ts";
import { fixInputs } from "../packages/espalier/src/library/inputs.ts";
import { type QuantizeOptions, quantize } from "../packages/espalier/src/library/quantize.ts";
import type { Model } from "../packages/espalier/src/onnx/graph.ts";
import { writeModel } from "../packages/espalier/src/onnx/write.ts";
import { timesOf } from "./measure.ts";

const TURNS = 5;
const RUNS = 5;

const flags = process.argv.slice(2);
const after = (flag: string) => (flags.includes(flag) ? flags[flags.indexOf(flag) + 1] : undefined);
const isType = (to: string): to is QuantizeOptions["to"] => ["int8", "int4", "float16"].includes(to);
const types = (after("--to") ?? "int8").split(",").filter(isType);
const folder = after("--folder") ?? new URL("../../shared/zoo", import.meta.url).pathname;
const [wanted = ""] = flags.filter((flag, i) => !flag.startsWith("--") && !flags[i - 1]?.startsWith("--"));

const node = nodeEngine({ threads: 1 });
const web = await webEngine({ threads: 1 });
const note = (text: string) => process.stderr.write(`${text}\n`);

/** Milliseconds of each network, in turns. */
async function millisecondsOf(engine: Engine, models: readonly Model[], feeds: Tensors): Promise<number[]> {
  const programs: Program[] = [];
  for (const model of models) programs.push(await engine.compile(model));
  const times: number[][] = programs.map(() => []);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, program] of programs.entries()) {
      times[i].push(...(await timesOf(() => program.run(feeds), RUNS, turn === 0 ? 5 : 1)));
    }
  }
  for (const program of programs) await program.release();
  return times.map((own) => Math.min(...own));
}

const rows: Record<string, string | number>[] = [];
const both = nodeEngine();
const { networks } = await openShipped(folder, both, note);
for (const network of networks.filter(({ name }) => name.includes(wanted))) {
  const fixed = await fixInputs(both, network.model, { fix: network.fix });
  const { model: simple } = await simplifyModel(both, fixed);
  const feeds = await sampleOf(network, simple);
  for (const to of types) {
    const startedAt = performance.now();
    const { model, fidelity, measure, layers } = await quantize(both, fixed, network.data, {
      to,
      measure: network.measure,
      onProgress: (progress) => progress.kind === "note" && note(`${network.name}: ${progress.text}`),
    });
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const [nodeBefore, nodeAfter] = await millisecondsOf(node, [simple, model], feeds);
    const [webBefore, webAfter] = await millisecondsOf(web, [simple, model], feeds);
    const bytesBefore = network.fix ? writeModel(fixed).length : network.contents.length;
    const held = (...as: readonly string[]) => layers.filter((layer) => as.includes(layer.as)).length;
    rows.push({
      network: network.name,
      to,
      bytes: bytesBefore,
      quantized: writeModel(model).length,
      part: (writeModel(model).length / bytesBefore).toFixed(3),
      same: `${fidelity?.test.toFixed(2)} ± ${fidelity?.standardError.toFixed(2)}`,
      by: measure?.name ?? "",
      layers: `${held("int8", "int4", "float16")}+${held("int8 weights")}+${held("float32")}`,
      node: `${nodeBefore.toPrecision(3)} -> ${nodeAfter.toPrecision(3)}`,
      web: `${webBefore.toPrecision(3)} -> ${webAfter.toPrecision(3)}`,
      seconds,
    });
  }
}

if (flags.includes("--json")) process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
else {
  const table = new Table({ head: Object.keys(rows[0] ?? {}), style: { head: [], border: [], compact: true } });
  for (const row of rows) table.push(Object.values(row));
  process.stdout.write(`${table.toString()}\n`);
}
