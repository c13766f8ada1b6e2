import { random } from "../../src/random.ts";
import { histogram } from "../../src/report/histogram.ts";
import type { MaskPicture, RunReport } from "../../src/report/run-report.ts";
import { error } from "../../src/tasks/measures/error.ts";

const { normal, uniform } = random(1, "report");
const weights = (size: number) => Float32Array.from({ length: size }, normal);

/** A mask in which a tenth is kept. */
export const picture = (rows: number, columns: number): MaskPicture => ({
  layer: "fc1",
  rows,
  columns,
  columnsPerBand: 28,
  kept: Uint8Array.from({ length: rows * columns }, () => (uniform() < 0.1 ? 1 : 0)),
});

/** A run as large as they get on MNIST. */
export const report: RunReport = {
  title: "LeNet <on> MNIST",
  command: 'espalier demo --out "a & b"',
  settings: [["seed", "<script>alert(1)</script>"]],
  parameters: 266_610,
  nonzero: 22_186,
  compressionRate: 12.017,
  seconds: 81.4,
  measure: error,
  baseline: { validation: 1.28, test: 1.51 },
  pruned: { validation: 1.24, test: 1.49 },
  layers: ["fc1", "fc2", "fc3", "fc4"].map((name) => ({
    name,
    op: "Gemm",
    weights: 1000,
    kept: 80,
    density: 0.08,
    macs: 1000,
    activations: 0.4,
    macsLeft: 0.032,
  })),
  sensitivity: ["fc1", "fc2", "fc3", "fc4"].flatMap((layer, i) => [
    { layer, density: 1, value: 1.3 },
    { layer, density: 0.3, value: 1.5 + i },
    { layer, density: 0.1, value: 3 + i },
  ]),
  rounds: [
    { rate: 8, value: 1.3, verdict: "within" },
    { rate: 12, value: 1.2, verdict: "chosen" },
    { rate: 18, value: 1.9, verdict: "rejected" },
  ],
  epochs: Array.from({ length: 60 }, (_, i) => ({
    round: `round ${Math.floor(i / 15)}`,
    epoch: (i % 15) + 1,
    loss: 1 / (i + 1),
    validation: 5 / (i + 1) + 1,
    density: 1 / (1 + Math.floor(i / 15)),
    learningRate: 0.1,
  })),
  histograms: ["fc1", "fc2", "fc3", "fc4"].map((layer) => ({
    layer,
    before: histogram(weights(1000), 80, [-4, 4]),
    after: histogram(weights(100), 80, [-4, 4]),
  })),
  mask: picture(300, 784),
  files: [{ name: "pruned.onnx", bytes: 1_066_969 }],
};
