import { random } from "../../src/random.ts";
import type { CompressionReport } from "../../src/report/compression.ts";
import { histogram } from "../../src/report/histogram.ts";
import type { MaskPicture, RunReport } from "../../src/report/run-report.ts";
import { pictureOf } from "../../src/report/samples/picture.ts";
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
  histograms: ["fc1", "fc2", "fc/3", "fc_3"].map((layer) => ({
    layer,
    before: histogram(weights(1000), 80, [-4, 4]),
    after: histogram(weights(100), 80, [-4, 4]),
  })),
  mask: picture(300, 784),
  files: [{ name: "pruned.onnx", bytes: 1_066_969 }],
};

const gradient = pictureOf(
  Float32Array.from({ length: 3 * 60 * 80 }, (_, i) => i % 80),
  { channels: 3, height: 60, width: 80, channel: 4800, row: 80, column: 1 },
  undefined,
);

/** A compression of a network with all kinds of outputs that have a picture. */
export const compression: CompressionReport = {
  title: "detector",
  command: "espalier compress detector.onnx --data images:pages --max-loss 2 --out detector.esp",
  settings: [["How far", "2 points of loss at most"]],
  bytesBefore: 4_700_000,
  bytes: 412_345,
  file: "detector.esp",
  seconds: 312,
  walk: {
    curve: [
      { lambda: 0.4, cut: 0, epochs: 0, bytes: 300_000, density: 0.3, fidelity: 71.2, accepted: false },
      { lambda: 0.2, cut: 1, epochs: 3, bytes: 380_000, density: 0.4, fidelity: 98.4, accepted: true },
      { lambda: 0.1, cut: 0, epochs: 0, bytes: 520_000, density: 0.6, fidelity: 99.1, accepted: true },
    ],
    chosen: undefined,
    limit: 98,
    measure: { name: "iou", unit: "%" },
  },
  fidelity: {
    measure: { name: "iou", unit: "%" },
    validation: 98.4,
    test: 98.1,
    standardError: 0.4,
    samples: 120,
    outputs: ["map", "lines"].map((name) => ({
      name,
      measure: "iou",
      value: 98.1,
      standardError: 0.4,
      relativeError: 0.02,
      empty: false,
      counts: true,
    })),
  },
  judged: { measure: error, by: "labels", before: 12.5, after: 12.9 },
  layers: Array.from({ length: 40 }, (_, i) => ({
    name: `conv${i}`,
    kind: (["scaled", "predicted", "codebook"] as const)[i % 3],
    weights: 9216,
    kept: 8000,
    values: 61,
    bits: 6,
    bytes: 4300,
  })),
  untouched: [{ name: "embedding", weights: 1000, kept: 990 }],
  samples: [
    {
      index: 15,
      picture: gradient,
      outputs: [
        {
          name: "boxes",
          before: { kind: "boxes", boxes: [[0.1, 0.2, 0.5, 0.6]] },
          after: { kind: "boxes", boxes: [] },
        },
        {
          name: "map",
          before: { kind: "map", width: 4, height: 3, present: Uint8Array.of(1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0) },
          after: { kind: "map", width: 4, height: 3, present: Uint8Array.of(1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0) },
        },
        {
          name: "text",
          before: { kind: "words", text: "<pears>" },
          after: { kind: "words", text: "<bears>" },
        },
        {
          name: "class",
          before: { kind: "words", text: "class 1, 90.0%" },
          after: { kind: "words", text: "class 1, 88.0%" },
        },
      ],
    },
  ],
};
