import { describe, expect, it } from "vitest";
import { flag } from "../../src/cli/command.ts";
import { asksForSharing, type compressOptions } from "../../src/library/compress.ts";
import type { Values } from "../../src/library/options/option.ts";
import { checkSharing } from "../../src/library/share-weights.ts";
import { checkUnlabeledSharing } from "../../src/library/share-without-labels.ts";
import { OptionsError } from "../../src/options-error.ts";

type Flags = Partial<Values<typeof compressOptions>> & { readonly data?: string };

/** What the command line makes of flags: whether they ask for sharing, or its sentence. */
function ask({ data, ...flags }: Flags): boolean {
  const hasData = data !== undefined;
  try {
    const asked = asksForSharing(flags, hasData);
    if (flags.unlabeled) checkUnlabeledSharing(flags);
    else if (asked) checkSharing(flags, hasData);
    return asked;
  } catch (error) {
    throw error instanceof OptionsError ? new Error(error.said(flag)) : error;
  }
}

const data = "images:photographs";
const all: [string, number][] = [["*", 5]];

describe("options of sharing", () => {
  it.each<[string, Flags, boolean]>([
    ["nothing", {}, false],
    ["bits", { bits: all }, true],
    ["a loss", { maxLoss: 1, data }, true],
    ["a price of bits", { lambda: 0.01, method: "entropy" }, true],
    ["no labels", { unlabeled: true, data }, true],
    ["no labels, and a price", { unlabeled: true, data, lambda: 0.01, biasBits: 6 }, true],
  ])("%s", (_, flags, asked) => {
    expect(ask(flags)).toBe(asked);
  });

  it.each<[string, Flags, RegExp]>([
    ["bits and a loss", { bits: all, maxLoss: 1, data }, /--bits says how to share and --max-loss finds it out/],
    ["a price for another method", { lambda: 0.1 }, /--lambda is what --method entropy weighs bits by/],
    ["a price and a loss", { lambda: 0.1, method: "entropy", maxLoss: 1, data }, /finds the lambda of each layer/],
    ["a beginning for what has none", { init: "random", method: "uniform", bits: all }, /--init is for k-means/],
    ["training without data", { bits: all, epochs: 2 }, /give --data/],
    ["what is about sharing alone", { biasBits: 4 }, /--bias-bits is about sharing, which nothing asks for/],
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
