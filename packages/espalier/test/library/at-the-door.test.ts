import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import type { Hooks } from "../../src/library/hooks.ts";
import {
  compact,
  compress,
  evaluate,
  evaluateAgainst,
  inspect,
  pruneByPlan,
  pruneBySearch,
  pruneWithoutLabels,
  scan,
  shareWeights,
  simplify,
  train,
} from "../../src/library/index.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { isFloat32 } from "../../src/onnx/tensor.ts";
import { blobNet, blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs({ train: 40, validation: 20, test: 20 });
const short = { epochs: 1, batch: 20 };

/** {@link blobNet} with one weight changed. */
function withWeight(name: string, place: number, value: number): Model {
  const model = blobNet();
  const tensor = model.initializers.get(name);
  if (isFloat32(tensor)) tensor.data[place] = value;
  return model;
}

type Hooked = Pick<Hooks, "signal" | "onProgress">;

/** Each of the library's functions on a network and some data. */
const functions: Readonly<Record<string, (model: Model, data: Dataset, hooks?: Hooked) => Promise<unknown>>> = {
  train: (model, own, hooks) => train(engine, model, own, { ...short, ...hooks }),
  evaluate: (model, own, hooks) => evaluate(engine, model, own, { split: "validation", ...hooks }),
  evaluateAgainst: (model, own, hooks) => evaluateAgainst(engine, model, model, own, { split: "validation", ...hooks }),
  scan: (model, own, hooks) => scan(engine, model, own, { densities: [0.5], ...hooks }),
  pruneByPlan: (model, own, hooks) => pruneByPlan(engine, model, own, { ...short, rate: 2, rounds: 1, ...hooks }),
  pruneBySearch: (model, own, hooks) => pruneBySearch(engine, model, own, { ...short, maxLoss: 5, ...hooks }),
  pruneWithoutLabels: (model, own, hooks) => pruneWithoutLabels(engine, model, own, { rate: 2, ...hooks }),
  shareWeights: (model, own, hooks) => shareWeights(engine, model, own, { bits: [["*", 3]], ...short, ...hooks }),
  "compress within": (model, own, hooks) => compress(engine, model, own, { maxLoss: 1, ...hooks }),
  "compress unlabeled": (model, own, hooks) => compress(engine, model, own, { unlabeled: true, lambda: 0.1, ...hooks }),
};
/** Those that need no data. */
const alone: typeof functions = {
  "compress by bits": (model, _, hooks) => compress(engine, model, undefined, { bits: [["*", 3]], ...hooks }),
  "compress by codebook": (model, _, hooks) =>
    compress(engine, model, undefined, { bits: [["*", 3]], method: "kmeans", ...hooks }),
  compact: (model, _, hooks) => compact(engine, model, hooks),
};
const others: typeof functions = {
  "compress as it is": (model, _, hooks) => compress(engine, model, undefined, hooks),
  inspect: (model, _, hooks) => inspect(engine, model, hooks),
  simplify: (model, _, hooks) => simplify(engine, model, hooks),
};

describe("a weight that is no number", () => {
  it.each(Object.entries({ ...functions, ...alone }))("is named by %s", async (_, run) => {
    await expect(run(withWeight("fc1.weight", 17, Number.NaN), data)).rejects.toThrow(
      /^In the network "blob-net" fc1\.weight\[1,1\] is NaN: .* train it again, or export it again\.$/,
    );
    await expect(run(withWeight("fc2.bias", 3, Number.POSITIVE_INFINITY), data)).rejects.toThrow(
      /fc2\.bias\[3\] is Infinity/,
    );
  });

  it("is what inspect tells, and what is only coded comes back as it was", async () => {
    const odd = withWeight("fc1.weight", 17, Number.NaN);
    expect((await inspect(engine, odd)).obstacles).toEqual([expect.stringMatching(/fc1\.weight\[1,1\] is NaN/)]);
    expect((await compress(engine, odd, undefined)).contents.length).toBeGreaterThan(0);
  });
});

describe("a split without samples", () => {
  const empty = { size: 0, read: () => {} };

  it.each(Object.entries(functions))("is named by %s", async (name, run) => {
    await expect(run(blobNet(), { ...data, validation: empty })).rejects.toThrow(
      /^blobs has no validation samples: give some\.$/,
    );
    if (/evaluate|within/.test(name)) return;
    await expect(run(blobNet(), { ...data, train: empty })).rejects.toThrow(
      /^blobs has no training samples: give some\.$/,
    );
  });
});

describe("work of a single step", () => {
  it.each<[string, string[]]>([
    ["compact", ["Looking for dead units", "Comparing both on random samples"]],
    ["inspect", ["Looking at the layers"]],
    ["simplify", ["Computing what is constant", "Comparing both on random inputs"]],
  ])("is named by %s", async (name, parts) => {
    const told = new Set<string>();
    const run = { ...alone, ...others }[name];
    await run(blobNet(), data, { onProgress: (progress) => progress.kind === "work" && told.add(progress.what) });
    expect([...told]).toEqual(parts);
  });
});

describe("a signal that is there already", () => {
  it.each(Object.entries({ ...functions, ...alone, ...others }))("ends %s", async (_, run) => {
    await expect(run(blobNet(), data, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a signal during the final evaluation", () => {
  it.each<[string, number]>([
    ["pruneByPlan", 0],
    ["shareWeights", 0],
    ["pruneWithoutLabels", 0],
    ["train", 0],
  ])("ends %s", async (name) => {
    const stop = new AbortController();
    const test = {
      size: 5000,
      read(places: ArrayLike<number>, into: Parameters<typeof data.test.read>[1]) {
        stop.abort();
        return data.test.read(
          Array.from(places, (place) => place % 20),
          into,
        );
      },
    };
    await expect(functions[name](blobNet(), { ...data, test }, { signal: stop.signal })).rejects.toMatchObject({
      name: "AbortError",
    });
  });
});

describe("imitation", () => {
  it("is not evaluated without the network that is imitated", async () => {
    await expect(evaluate(engine, blobNet(), data, { task: "imitate" })).rejects.toThrow(
      "How well a network imitates is judged beside the one that it imitates: give that by against, without task.",
    );
    await expect(evaluate(engine, blobNet(), { ...data, targets: [] })).rejects.toThrow(
      "blobs has no targets to judge by: give a network to compare with, against.",
    );
  });
});

describe("options that nothing would read", () => {
  it.each<[object, RegExp]>([
    [{ optimizer: "adam", momentum: 0.5 }, /momentum is about sgd, and the optimizer is adam: leave it out/],
    [{ optimizer: "adamw", nesterov: true }, /nesterov is about sgd, and the optimizer is adamw/],
    [{ policy: "cosine", gamma: 0.5 }, /gamma is about the policy step or inv, and the policy is cosine/],
    [{ policy: "step", power: 0.5 }, /power is about the policy inv, and the policy is step/],
    [{ policy: "constant", finalRate: 0.1 }, /finalRate is about the policy exponential or cosine/],
    [{ task: "tokens" }, /"label" are one label for a sample, and no sequence: give task classify/],
  ])("are refused: %j", async (options, sentence) => {
    await expect(train(engine, blobNet(), data, { ...short, ...options })).rejects.toThrow(sentence);
  });

  it("are refused by the usual optimizer too, whatever their values", async () => {
    for (const momentum of [0.5, 0.9]) {
      await expect(train(engine, blobNet(), data, { ...short, task: "imitate", momentum })).rejects.toThrow(
        "momentum is about sgd, and the optimizer is adam: leave it out.",
      );
    }
  });

  it("are not those that are read", async () => {
    const read = { policy: "step", gamma: 0.5, every: 1, momentum: 0.5, nesterov: true } as const;
    await expect(train(engine, blobNet(), data, { ...short, ...read })).resolves.toMatchObject({ epochs: 1 });
  });
});

describe("an own criterion", () => {
  const prune = (score: (weights: { readonly data: Float32Array }) => Float32Array) =>
    pruneByPlan(engine, blobNet(), data, { ...short, density: { fc1: 0.5 }, criterion: { source: "own", score } });

  it("gives a score from 0 for each weight", async () => {
    await expect(prune(() => new Float32Array(5))).rejects.toThrow(
      /gives 5 scores for the 192 weights of "fc1.weight"/,
    );
    await expect(prune(({ data: own }) => own.map(() => Number.NaN))).rejects.toThrow(/gives NaN for the weight 0 of/);
    await expect(prune(({ data: own }) => own.map((_, i) => 3 - i))).rejects.toThrow(/gives -1 for the weight 4 of/);
  });
});

describe("a layer that is all zero", () => {
  const dead = blobNet();
  const weight = dead.initializers.get("fc1.weight");
  if (isFloat32(weight)) weight.data.fill(0);

  it("is left as it is while others are pruned", async () => {
    const { rounds } = await pruneBySearch(engine, dead, data, { ...short, maxLoss: 60 });
    expect(rounds[0].layers).toMatchObject({ fc1: 0 });
    expect(rounds[0].layers.fc2).toBeLessThan(1);
  });

  it("counts for the rate that the network has", async () => {
    for (const prune of [pruneBySearch, pruneByPlan]) {
      await expect(prune(engine, dead, data, { ...short, rate: 2 })).rejects.toThrow(/is at 5\.33x already/);
    }
  });
});
