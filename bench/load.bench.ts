/**
 * How long is it from the bytes of a model to the first result?
 *
 * Ours from the .esp, coded in contexts or by Huffman (`espalier compress --mode huffman`), onnxruntime-web
 * (WebAssembly, one thread) from the dense .onnx, each in a process of its own, in turns; modules are loaded before the
 * clock starts, but onnxruntime-web compiles its WebAssembly when it makes its first session.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { encode } from "../packages/espalier/src/coding/encode.ts";
import { median } from "../packages/espalier/src/median.ts";
import { writeModel } from "../packages/espalier/src/onnx/write.ts";
import { alone } from "./alone.ts";
import { cases } from "./sparse-cases.ts";

const TURNS = 7;
const MODES = ["context", "huffman"] as const;
const folder = mkdtempSync(join(tmpdir(), "espalier-load-"));

function timeOf(side: "ours" | "web", path: string, dims: string): number {
  return alone("load-once.ts", import.meta.url, [side, path, dims]);
}

const table = new Table({
  head: ["network", ".esp", "its bytes", ".onnx, bytes", "ours, ms", "onnxruntime-web, ms", "quicker"],
  colAligns: ["left", "left", "right", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
try {
  for (const { name, build } of cases.filter(({ peer }) => peer === undefined)) {
    if (/^(AlexNet|LSTM)/.test(name)) continue;
    const model = build();
    const dims = [1, ...(model.inputs[0].shape ?? []).slice(1)].join("x");
    const onnx = writeModel(model);
    writeFileSync(join(folder, "model.onnx"), onnx);
    const files = MODES.map((mode) => {
      const esp = encode(model, { mode });
      writeFileSync(join(folder, `${mode}.esp`), esp);
      return { mode, bytes: esp.length, times: [] as number[] };
    });
    const web: number[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      for (const { mode, times } of files) times.push(timeOf("ours", join(folder, `${mode}.esp`), dims));
      web.push(timeOf("web", join(folder, "model.onnx"), dims));
    }
    for (const { mode, bytes, times } of files) {
      const [ours, other] = [median(times), median(web)];
      const quicker = `${(other / ours).toFixed(1)}x`;
      table.push([name, mode, bytes, onnx.length, ours.toFixed(0), other.toFixed(0), quicker]);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
process.stdout.write(`${table.toString()}\n`);
