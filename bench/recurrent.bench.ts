/**
 * How long is a recurrent layer, forwards and backwards, beside PyTorch's?
 *
 * 64 steps of 32 sequences; gradients of the input, the weights and the biases. Ours and the peer take turns, and the
 * medians over the turns are compared. `npm run bench -- recurrent [THREADS]`, one thread where nothing is said.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { differentiate } from "../packages/espalier/src/autodiff/differentiate.ts";
import { annotate } from "../packages/espalier/src/engine/annotate.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { type Attributes, int } from "../packages/espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../packages/espalier/src/onnx/builder.ts";
import { emptyModel } from "../packages/espalier/src/onnx/graph.ts";
import { float32, sizeOf } from "../packages/espalier/src/onnx/tensor.ts";
import { timesOf } from "./measure.ts";

const TURNS = 5;
const RUNS = 11;
const STEPS = 64;
const BATCH = 32;
const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const peerScript = fileURLToPath(new URL("peers/pytorch_recurrent.py", import.meta.url));
const threads = Number(process.argv[2] ?? 1);
const engine = nodeEngine({ threads });

/** The layer with the mean square of its states as the loss: alone, and with all gradients. */
async function programs(op: string, gates: number, features: number, units: number) {
  const dims = {
    x: [STEPS, BATCH, features],
    w: [1, gates * units, features],
    r: [1, gates * units, units],
    b: [1, 2 * gates * units],
  };
  const model = emptyModel(op);
  for (const [name, shape] of Object.entries(dims)) model.inputs.push({ name, dtype: "float32", shape });
  const graph = new GraphBuilder(model);
  const reset: Attributes = op === "GRU" ? { linear_before_reset: int(1) } : {};
  const y = graph.emit(op, ["x", "w", "r", "b"], { hidden_size: int(units), ...reset });
  graph.emit("ReduceMean", [graph.emit("Mul", [y, y])], { keepdims: int(0) }, "loss");
  model.outputs = [{ name: "loss" }];
  const typed = await annotate(engine, model, {});
  const both = differentiate(typed, "loss", Object.keys(dims));
  both.model.outputs = ["loss", ...both.gradients.values()].map((name) => ({ name }));
  const feeds = Object.fromEntries(
    Object.entries(dims).map(([name, shape]) => {
      const range = name === "x" ? 1 : units ** -0.5;
      return [
        name,
        float32(
          shape,
          Float32Array.from({ length: sizeOf(shape) }, () => range * (2 * Math.random() - 1)),
        ),
      ];
    }),
  );
  return { forward: await engine.compile(typed), both: await engine.compile(both.model), feeds };
}

const table = new Table({
  head: [
    `layer, ${threads} thread${threads === 1 ? "" : "s"}`,
    "forward, ms",
    "both, ms",
    "PyTorch, both",
    "speed, PyTorch = 1",
  ],
  colAligns: ["left", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const [op, gates, features, units] of [
  ["LSTM", 4, 256, 256],
  ["LSTM", 4, 64, 128],
  ["GRU", 3, 256, 256],
  ["RNN", 1, 256, 256],
] as const) {
  const { forward, both, feeds } = await programs(op, gates, features, units);
  const turns: { forward: number; both: number; peer: number }[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const args = [op, STEPS, BATCH, features, units, threads, RUNS].map(String);
    turns.push({
      forward: median(await timesOf(() => forward.run(feeds), RUNS, 3)),
      both: median(await timesOf(() => both.run(feeds), RUNS, 3)),
      peer: Number(execFileSync(PYTHON, [peerScript, ...args], { encoding: "utf8" })),
    });
  }
  const [one, all, peer] = [turns.map((t) => t.forward), turns.map((t) => t.both), turns.map((t) => t.peer)].map(
    median,
  );
  const ratio = median(turns.map((t) => t.peer / t.both));
  table.push([`${op} ${features}-${units}`, ...[one, all, peer].map((ms) => ms.toFixed(1)), `${ratio.toFixed(2)}x`]);
  await Promise.all([forward.release(), both.release()]);
}
process.stdout.write(`${table.toString()}\n`);
