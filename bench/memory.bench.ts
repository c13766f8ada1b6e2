/**
 * How much of the memory does a pruned network take?
 *
 * What the runtime says of itself (`Network.memory`) for one sample, beside what the weights take as positions and values
 * at least, and dense; and by how much a process grows when it loads the network from its .esp, or onnxruntime-web
 * (WebAssembly, one thread) from the dense .onnx: resident bytes when all garbage is gone, and at most, the bytes of the
 * file among them; medians of processes in turns.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { encode } from "../packages/espalier/src/coding/encode.ts";
import { median } from "../packages/espalier/src/median.ts";
import { writeModel } from "../packages/espalier/src/onnx/write.ts";
import type { MemoryUse } from "../packages/runtime/src/index.ts";
import { alone } from "./alone.ts";
import { cases, shared, whole } from "./sparse-cases.ts";

const TURNS = 3;
/** Networks, and the layers of which the memory is the question. */
const WANTED = /^(lenet|.* fc6|LSTM|the authors)/;
/** The densities of the paper's table, layer by layer. */
const ALEXNET = [0.84, 0.38, 0.35, 0.37, 0.37, 0.09, 0.09, 0.25];

interface Grown {
  readonly loaded: number;
  readonly ran: number;
  readonly peak: number;
  readonly memory?: MemoryUse;
}

const folder = mkdtempSync(join(tmpdir(), "espalier-memory-"));

function grow(side: "ours" | "web", path: string, dims: string): Grown {
  return alone("memory-once.ts", import.meta.url, [side, path, dims], ["--expose-gc"]);
}

const head = [
  "",
  "dense",
  "sparse",
  "weights",
  "of sparse",
  "activations",
  "total",
  "process, ours",
  "process, web",
  "peak, ours",
  "peak, web",
];
const table = new Table({
  head,
  colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
  style: { head: [], border: [], compact: true },
});
const kilobytes = (bytes = 0) => `${Math.round(bytes / 1000).toLocaleString("en")} kB`;
const wanted = process.argv[2] ?? "";
try {
  const alexnet = whole("alexnet", ALEXNET);
  const all = [...cases.filter(({ name }) => WANTED.test(name)), alexnet, shared(alexnet)];
  for (const { name, build } of all.filter((one) => one.name.includes(wanted))) {
    const model = build();
    const dims = [1, ...(model.inputs[0].shape ?? []).slice(1)].join("x");
    const [esp, onnx] = ["model.esp", "model.onnx"].map((file) => join(folder, file));
    writeFileSync(onnx, writeModel(model));
    writeFileSync(esp, encode(model, { mode: "huffman" }));
    const dense = [...model.initializers.values()].reduce((sum, { data }) => sum + 4 * data.length, 0);
    const turns = Array.from({ length: TURNS }, () => [grow("ours", esp, dims), grow("web", onnx, dims)]);
    const grown = (what: "loaded" | "peak") => [0, 1].map((side) => median(turns.map((turn) => turn[side][what])));
    const { memory } = turns[0][0];
    if (!memory) throw new Error("The runtime says nothing of its memory.");
    const { sparse, weights, activations, total } = memory;
    const bytes = [weights, activations, total, ...grown("loaded"), ...grown("peak")].map(kilobytes);
    const ratio = `${(weights / sparse).toFixed(2)}x`;
    table.push([name, kilobytes(dense), kilobytes(sparse), bytes[0], ratio, ...bytes.slice(1)]);
    process.stderr.write(`${name}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.stdout.write(`${table.toString()}\n`);
