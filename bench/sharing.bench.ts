/**
 * How long does it take to share the 61 million weights of AlexNet?
 *
 * Random weights of AlexNet's shapes, dense and pruned to the densities of Deep Compression, 8 bits for convolutions
 * and 5 for fully connected layers: seconds of the processor for all layers together, by initialization. It is one
 * thread's work, which others on the machine do not lengthen as they would the time on the clock.
 */
import Table from "cli-table3";
import { float32 } from "../packages/espalier/src/onnx/tensor.ts";
import { random } from "../packages/espalier/src/random.ts";
import { type Init, kMeans } from "../packages/espalier/src/sharing/kmeans.ts";

/** Weights, and the part of them that Deep Compression keeps (Han et al., arXiv 1510.00149, table 4). */
const LAYERS = {
  conv1: { weights: 34_848, density: 0.84 },
  conv2: { weights: 307_200, density: 0.38 },
  conv3: { weights: 884_736, density: 0.35 },
  conv4: { weights: 663_552, density: 0.37 },
  conv5: { weights: 442_368, density: 0.37 },
  fc6: { weights: 37_748_736, density: 0.09 },
  fc7: { weights: 16_777_216, density: 0.09 },
  fc8: { weights: 4_096_000, density: 0.25 },
};
const INITS: readonly Init[] = ["linear", "density", "random", "optimal"];

/** Weights of about the normal distribution, the smallest of which are cut. */
function weightsOf(name: string, count: number, density: number): Float32Array {
  const data = new Float32Array(count);
  const uniform = new Float32Array(count);
  for (let i = 0; i < 4; i++) {
    random(1, name, i).fill(uniform);
    for (let j = 0; j < count; j++) data[j] += 0.01 * (uniform[j] - 0.5);
  }
  if (density === 1) return data;
  const sample = data
    .slice(0, 2 ** 16)
    .map(Math.abs)
    .sort();
  const threshold = sample[Math.floor(sample.length * (1 - density))];
  for (let j = 0; j < count; j++) if (Math.abs(data[j]) <= threshold) data[j] = 0;
  return data;
}

const table = new Table({
  head: ["weights", "live", ...INITS.map((init) => `${init}, s`)],
  colAligns: ["left", ...Array<"right">(INITS.length + 1).fill("right")],
  style: { head: [], border: [], compact: true },
});
for (const kind of ["dense", "pruned"]) {
  const seconds = INITS.map(() => 0);
  let live = 0;
  for (const [name, { weights, density }] of Object.entries(LAYERS)) {
    const tensor = float32([weights], weightsOf(name, weights, kind === "dense" ? 1 : density));
    for (let i = 0; i < weights; i++) if (tensor.data[i] !== 0) live++;
    for (const [i, init] of INITS.entries()) {
      const start = process.cpuUsage();
      kMeans(tensor, { bits: name.startsWith("conv") ? 8 : 5, init, random: random(1, name) });
      const { user, system } = process.cpuUsage(start);
      seconds[i] += (user + system) / 1e6;
    }
  }
  table.push([kind, live.toLocaleString("en-US"), ...seconds.map((s) => s.toFixed(1))]);
}
process.stdout.write(`${table.toString()}\n`);
