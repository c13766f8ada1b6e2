/**
 * How much faster is a network with fewer units, in the runtimes that people have?
 *
 * A network and the smaller one that `prune --units` made of it, in turns, on one thread, one sample and eight at a time:
 * `npm run bench units whole.onnx small.onnx [NAME=1x3x48x320]`.
 */

import { readFileSync } from "node:fs";
import Table from "cli-table3";
import { RUNTIMES, runtimeFor } from "../packages/espalier/src/cli/runtime-for.ts";
import { annotate } from "../packages/espalier/src/engine/annotate.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { timesOf } from "../packages/espalier/src/engine/stopwatch.ts";
import { UserError } from "../packages/espalier/src/errors.ts";
import { withInputs } from "../packages/espalier/src/library/inputs.ts";
import { readModelFile } from "../packages/espalier/src/library/model-file.ts";
import { fedInputs, type Model } from "../packages/espalier/src/onnx/graph.ts";

const [whole, small, ...sizes] = process.argv.slice(2);
if (!whole || !small) throw new UserError("Give the files of a network and of a smaller one.");
const node = nodeEngine({ threads: 1 });
const shape = Object.fromEntries(
  sizes.map((text) => {
    const [name, dims] = text.split("=");
    return [name, dims.split("x").map(Number)];
  }),
);

/** The network of a file for so many samples. */
function open(path: string, batch: number): Model {
  const { model } = readModelFile(readFileSync(path));
  const sized = withInputs(model, { shape });
  const fed = new Set(fedInputs(sized).map(({ name }) => name));
  return {
    ...sized,
    inputs: sized.inputs.map((input) =>
      fed.has(input.name) ? { ...input, shape: [batch, ...(input.shape ?? []).slice(1)] } : input,
    ),
  };
}

const table = new Table({
  head: ["runtime", "batch", "whole, ms", "small, ms", "speed"],
  colAligns: ["left", "right", "right", "right", "right"],
  style: { head: [], border: [], compact: true },
});
for (const runtime of await Promise.all(RUNTIMES.map(runtimeFor))) {
  for (const batch of [1, 8]) {
    try {
      const models = [];
      for (const path of [whole, small]) models.push(await annotate(node, open(path, batch), { batch }));
      const [a, b] = await timesOf(runtime, models);
      table.push([runtime.name, batch, a.toFixed(3), b.toFixed(3), `${(a / b).toFixed(2)}x`]);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      table.push([runtime.name, batch, { colSpan: 3, content: error.message.split("\n", 1)[0].slice(0, 60) }]);
    }
  }
}
process.stdout.write(`${table.toString()}\n`);
