import { contentsOf } from "espalier-runtime/codec";
import { encode } from "../coding/encode.ts";
import { type Stages, stagesOf } from "../coding/stages.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { barChart } from "../report/bars.ts";
import { bitsFor } from "../sharing/share.ts";
import type { Experiment } from "./experiment.ts";

const FLOAT = Float32Array.BYTES_PER_ELEMENT;
const EPOCHS = 3;

/** Bits of the codes as in the paper's tables 2 and 3, and its sizes after all stages, percent of float32, in all last. */
const NETWORKS = [
  {
    network: "lenet-300-100",
    title: "LeNet-300-100",
    bits: [["fc*", 6]],
    paper: [2.32, 3.04, 12.7, 2.49],
  },
  {
    network: "lenet-5",
    title: "LeNet-5",
    bits: [
      ["conv*", 8],
      ["fc*", 5],
    ],
    paper: [67.45, 5.28, 2.45, 6.13, 2.55],
  },
] as const;

/** A layer, or all of them, after each stage. */
interface Row extends Stages {
  readonly layer: string;
  /** Of the files that were written, in Deep Compression's coding and in contexts. */
  readonly bytes: { readonly huffman: number; readonly context: number };
  /** What the paper has after all stages, percent of float32. */
  readonly paper: number;
}

/** Tables 2 and 3 of Deep Compression: what each stage leaves of each layer. */
export const dcTable: Experiment = {
  title: "Deep Compression, tables 2 and 3: stage by stage, layer by layer",
  claim:
    "LeNet-300-100 goes from 1,070 KB to 27 KB (40x) at 1.64% to 1.58% error, LeNet-5 from 1,720 KB to 44 KB (39x) at 0.80% to 0.74%: most by pruning and sharing, a fifth of the rest by Huffman coding.",
  async run(lab) {
    const networks = [];
    for (const { network, title, bits, paper } of lab.quick ? NETWORKS.slice(0, 1) : NETWORKS) {
      const pruned = (await lab.pruned(network)).model;
      const shared = await lab.shared(`dc-table-${network}`, pruned, {
        bits: bitsFor(pruned, bits),
        epochs: lab.epochs(EPOCHS),
      });
      const files = { huffman: encode(shared.model, { mode: "huffman" }), context: encode(shared.model) };
      const layers = rowsOf(shared.model, files, paper);
      networks.push({
        title,
        layers: [...layers, total(layers, paper[paper.length - 1])],
        files: { huffman: files.huffman.length, context: files.context.length },
        errors: {
          dense: await lab.errors((await lab.dense(network)).model),
          pruned: await lab.errors(pruned),
          shared: await lab.errors(shared.model),
        },
      });
    }
    const kilobytes = (bytes: number) => bytes / 1000;
    return {
      measured: { networks },
      table: [
        [
          "layer",
          "weights",
          "kept",
          "value bits P+Q",
          "value bits P+Q+H",
          "index bits P+Q",
          "index bits P+Q+H",
          "size P",
          "size P+Q",
          "size P+Q+H",
          "the paper's",
          "in contexts",
          "bytes P+Q+H",
          "bytes in contexts",
        ],
        ...networks.flatMap(({ title, layers, files }) => [
          ...layers.map((row) => cells(title, row)),
          [`${title} file`, ...Array.from({ length: 11 }, () => ""), files.huffman, files.context],
        ]),
      ],
      figures: [
        {
          name: "dc-table",
          caption: "Kilobytes of all weights after each stage, and coded in contexts instead.",
          picture: barChart(
            networks.flatMap(({ title, layers }) => {
              const { pruned, shared, bytes } = layers[layers.length - 1];
              return [
                { group: title, name: "pruned", value: kilobytes(pruned.bytes) },
                { group: title, name: "and shared", value: kilobytes(shared.bytes) },
                { group: title, name: "and Huffman", value: kilobytes(bytes.huffman) },
                { group: title, name: "or contexts", value: kilobytes(bytes.context) },
              ];
            }),
            "kB",
          ),
        },
        {
          name: "dc-table-errors",
          caption: "Test error of the dense network, the pruned one, and the one that was pruned and shared.",
          picture: barChart(
            networks.flatMap(({ title, errors }) =>
              Object.entries(errors).map(([name, { testError }]) => ({ group: title, name, value: testError })),
            ),
            "test error, %",
          ),
        },
      ],
    };
  },
};

function rowsOf(model: Model, files: { huffman: Uint8Array; context: Uint8Array }, paper: readonly number[]): Row[] {
  const bytesOf = (file: Uint8Array) => new Map(contentsOf(file).tensors.map(({ name, bytes }) => [name, bytes]));
  const [huffman, context] = [bytesOf(files.huffman), bytesOf(files.context)];
  return layersOf(model).map(({ name, weight, tensor }, i) => ({
    layer: name,
    ...stagesOf(tensor),
    bytes: { huffman: huffman.get(weight) ?? 0, context: context.get(weight) ?? 0 },
    paper: paper[i],
  }));
}

function total(rows: readonly Row[], paper: number): Row {
  const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
  const stage = (name: "pruned" | "shared" | "coded") => {
    const entries = sum((row) => row[name].entries);
    const mean = (of: "valueBits" | "indexBits") => sum((row) => row[name].entries * row[name][of]) / entries;
    const bytes = sum((row) => row[name].bytes);
    return { entries, valueBits: mean("valueBits"), indexBits: mean("indexBits"), bytes };
  };
  return {
    layer: "total",
    weights: sum(({ weights }) => weights),
    kept: sum(({ kept }) => kept),
    pruned: stage("pruned"),
    shared: stage("shared"),
    coded: stage("coded"),
    bytes: { huffman: sum(({ bytes }) => bytes.huffman), context: sum(({ bytes }) => bytes.context) },
    paper,
  };
}

function cells(title: string, { layer, weights, kept, pruned, shared, coded, bytes, paper }: Row) {
  const size = (own: number) => {
    const part = own / (FLOAT * weights);
    return `${(100 * part).toFixed(2)}%${layer === "total" ? ` (${(1 / part).toFixed(0)}x)` : ""}`;
  };
  return [
    `${title} ${layer}`,
    weights,
    `${((100 * kept) / weights).toFixed(1)}%`,
    shared.valueBits.toFixed(1),
    coded.valueBits.toFixed(1),
    shared.indexBits.toFixed(1),
    coded.indexBits.toFixed(1),
    size(pruned.bytes),
    size(shared.bytes),
    size(bytes.huffman),
    `${paper.toFixed(2)}%`,
    size(bytes.context),
    bytes.huffman,
    bytes.context,
  ];
}
