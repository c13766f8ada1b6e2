import { describe, expect, it } from "vitest";
import { flag } from "../../src/cli/command.ts";
import type { CompressOptions } from "../../src/library/compress.ts";
import { type CompressWay, compressWay } from "../../src/library/compress-way.ts";
import { checkSharing } from "../../src/library/share-weights.ts";
import { checkUnlabeledSharing } from "../../src/library/share-without-labels.ts";
import { OptionsError } from "../../src/options-error.ts";

type Flags = Omit<CompressOptions, "data"> & { readonly data?: string };

/** The way of compressing that flags ask for, or the sentence of the command line. */
function ask({ data, ...flags }: Flags): CompressWay {
  const hasData = data !== undefined;
  try {
    const way = compressWay(flags, hasData);
    const { maxLoss, lambda, format: _, mode: __, unlabeled: ___, ...rest } = flags;
    if (way === "unlabeled") checkUnlabeledSharing({ maxLoss, lambda });
    if (way === "codebooks") checkSharing({ maxLoss, lambda, ...rest }, hasData);
    return way;
  } catch (error) {
    throw error instanceof OptionsError ? new Error(error.said(flag)) : error;
  }
}

const data = "images:photographs";
const all: [string, number][] = [["*", 5]];

describe("options of sharing", () => {
  it.each<[string, Flags, CompressWay]>([
    ["nothing", {}, "lossless"],
    ["a form alone", { format: "gather" }, "lossless"],
    ["bits", { bits: all }, "guess"],
    ["bits, and biases", { bits: all, biasBits: 4 }, "guess"],
    ["a loss without samples", { maxLoss: 1 }, "guess"],
    ["a loss", { maxLoss: 1, data }, "within"],
    ["a loss, how it is judged and what trains", { maxLoss: 1, measure: "iou", epochs: 2, seed: 3, data }, "within"],
    ["a loss, as codes and codebooks", { maxLoss: 1, format: "gather", data }, "codebooks"],
    ["bits, as codes and codebooks", { bits: all, format: "gather" }, "codebooks"],
    ["a loss of a task", { maxLoss: 1, task: "imitate", data }, "codebooks"],
    ["bits, and samples to train on", { bits: all, data, batch: 8, measure: "ctc" }, "codebooks"],
    ["a price of bits", { lambda: 0.01, method: "entropy" }, "codebooks"],
    ["shared values that a teacher teaches", { bits: all, distill: 1, data }, "codebooks"],
    ["a training for the rate", { trainRate: true, maxLoss: 1, shift: 1, distill: 1, data }, "rate"],
    ["no labels", { unlabeled: true, data }, "unlabeled"],
    ["no labels, and a price", { unlabeled: true, data, lambda: 0.01, biasBits: 6 }, "unlabeled"],
  ])("%s", (_, flags, way) => {
    expect(ask(flags)).toBe(way);
  });

  it.each<[string, Flags, RegExp]>([
    ["bits and a loss", { bits: all, maxLoss: 1, data }, /--bits says how to share and --max-loss finds it out/],
    ["a price for another method", { lambda: 0.1 }, /--lambda is what --method entropy weighs bits by/],
    ["a price and a loss", { lambda: 0.1, method: "entropy", maxLoss: 1, data }, /finds the lambda of each layer/],
    ["a beginning for what has none", { init: "random", method: "uniform", bits: all }, /--init is for k-means/],
    ["training without data", { bits: all, epochs: 2 }, /--epochs has no part in it: leave it out, or give --data/],
    ["a seed where nothing is random", { bits: all, seed: 2 }, /--seed has no part in it/],
    ["how a guess is judged", { maxLoss: 1, measure: "iou" }, /--measure has no part in it/],
    ["biases without the bits of layers", { maxLoss: 1, biasBits: 4 }, /--bias-bits goes with --bits/],
    ["the same with samples", { maxLoss: 1, biasBits: 4, data }, /--bias-bits goes with --bits/],
    ["a batch within a loss", { maxLoss: 1, batch: 8, data }, /Within a loss, --batch has no part/],
    ["a batch that nothing is trained on", { bits: all, method: "kmeans", batch: 8 }, /--batch is about the samples/],
    ["a task without samples", { bits: all, task: "classify" }, /--task is about the samples .* give --data/],
    ["what is judged by where nothing is shared", { measure: "iou" }, /--measure is about sharing, which nothing asks/],
    ["how an .esp is coded of an .onnx", { format: "onnx", mode: "static" }, /--mode is how an \.esp is coded, and/],
    ["what is about sharing alone", { biasBits: 4 }, /--bias-bits is about sharing, which nothing asks for/],
    ["a training for the rate without samples", { trainRate: true, maxLoss: 1 }, /trains the network: give --data/],
    ["a training for the rate, and bits", { trainRate: true, bits: all, data }, /by itself: leave out --bits/],
    ["images that move where nothing is trained for", { maxLoss: 1, shift: 1, data }, /--shift is about --train-rate/],
    ["no labels and no samples", { unlabeled: true }, /looks at what layers compute on some samples: give --data/],
    ["no labels, a price and a loss", { unlabeled: true, data, lambda: 1, maxLoss: 1 }, /leave out --lambda/],
    [
      "no labels, and bits",
      { unlabeled: true, data, bits: all },
      /chooses values and bits by itself: leave out --bits/,
    ],
    ["no labels, and training", { unlabeled: true, data, learningRate: 1 }, /leave out --learning-rate/],
  ])("refuse %s", (_, flags, message) => {
    expect(() => ask(flags)).toThrow(message);
  });
});
