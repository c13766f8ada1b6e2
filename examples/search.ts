/**
 * Looks for the smallest network whose validation error is at most half a point above the dense one's.
 *
 *     npx tsx examples/search.ts
 */
import { writeFileSync } from "node:fs";
import { pruneBySearch, train, writeModel } from "espalier";
import { nodeEngine, openDataset } from "espalier/node";

const engine = nodeEngine();
const data = await openDataset("mnist");
const dense = await train(engine, "lenet-300-100", data, { epochs: 7 });
const found = await pruneBySearch(engine, dense.model, data, {
  maxLoss: 0.5,
  epochs: 4,
  onProgress(progress) {
    if (progress.kind !== "round") return;
    const { name, density, validation } = progress.result;
    console.log(`${name}: ${(1 / density).toFixed(1)}x, validation error ${validation.toFixed(2)}%`);
  },
});
writeFileSync("small.onnx", writeModel(found.model));
console.log(`small.onnx: ${found.compressionRate.toFixed(1)}x, test error ${found.pruned.test.toFixed(2)}%`);
