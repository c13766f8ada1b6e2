import { describe, expect, it } from "vitest";
import { Network } from "../../../runtime/src/index.ts";
import { adopt } from "../../src/adoption/adopt.ts";
import { gatesApart } from "../../src/adoption/gates.ts";
import { encode } from "../../src/coding/encode.ts";
import type { LearningData } from "../../src/data/dataset.ts";
import { openText } from "../../src/data/node/text.ts";
import { openScenes } from "../../src/data/scenes/open.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { networks } from "../../src/models/index.ts";
import { float } from "../../src/onnx/attributes.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { roundsOf } from "../../src/pruning/recipe-rounds.ts";
import { recipeOf } from "../../src/pruning/recipes.ts";
import { runRounds } from "../../src/pruning/rounds.ts";
import { taskFor } from "../../src/tasks/index.ts";
import { bleu } from "../../src/training/bleu.ts";
import { Evaluator, evaluate } from "../../src/training/evaluate.ts";
import { generate } from "../../src/training/generate.ts";
import { learnedTensors, parametersOf } from "../../src/training/parameters.ts";
import { runEpochs } from "../../src/training/train.ts";
import { Trainer } from "../../src/training/trainer.ts";

const engine = nodeEngine({ threads: 1 });
const ALICE = new URL("../fixtures/text/alice.txt", import.meta.url).pathname;

function small(name: string, classes: number, input?: readonly number[]): Model {
  const network = networks.get(name);
  if (!network) throw new Error(`There is no ${name}.`);
  return network.build({ seed: 3, classes, input, width: 1 / 16 });
}

const formFor = (data: LearningData) => ({ data, form: taskFor(data).form });

describe("a sequence in windows", () => {
  it.each(["lstm", "gru"])("gives an %s the same scores as in one piece", async (name) => {
    const parts = [0.4, 0.5, 0.1] as const;
    const losses = [];
    for (const window of [10, 20, 60]) {
      const data = openText(ALICE, { window, parts });
      // 16 rows of a batch begin anew wherever their stretch begins: the stretches must be the same.
      const size = 960 / window;
      const validation = { ...data.validation, size };
      const { model } = await adopt(engine, small(name, data.classes ?? 0), formFor(data));
      losses.push((await evaluate(engine, model, { ...data, validation }, validation)).loss);
    }
    expect(losses[1]).toBeCloseTo(losses[0], 5);
    expect(losses[2]).toBeCloseTo(losses[0], 5);
  });

  it("trains on states that go on, and resumes to the same result", async () => {
    const data = openText(ALICE, { window: 16 });
    const { model } = await adopt(engine, small("lstm", data.classes ?? 0), formFor(data));
    const options = {
      batch: 4,
      optimizer: { name: "adam" },
      seed: 1,
      sequence: true,
      task: taskFor(data),
      masks: new Map(),
    } as const;
    const training = { epochs: 2, learningRate: { policy: "constant", rate: 0.01 }, seed: 1 } as const;
    const evaluator = await Evaluator.create(engine, model, data, learnedTensors(model));
    const run = async (more: Partial<Parameters<typeof runEpochs>[3]> = {}) => {
      const trainer = await Trainer.create(engine, model, options);
      const result = await runEpochs(trainer, evaluator, data, { ...training, ...more });
      await trainer.release();
      return result;
    };
    const whole = await run();
    expect(whole.history[1].loss).toBeLessThan(whole.history[0].loss);
    expect([...whole.trainer.slots.keys()].some((slot) => slot.includes("state/lstm1/h"))).toBe(true);
    const stop = new AbortController();
    const half = await run({
      signal: stop.signal,
      onProgress: ({ epoch, step }) => epoch === 2 && step >= 8 && stop.abort(),
    });
    expect(half.aborted).toBe(true);
    const resumed = await run({ resume: half });
    expect(resumed.history).toEqual(whole.history);
    expect(resumed.trainer.parameters).toEqual(whole.trainer.parameters);
    await evaluator.release();
  });
});

describe("gates", () => {
  it("are layers of their own, and together again in the file", async () => {
    const source = small("lstm", 5);
    const { model, join, wholeOf } = gatesApart(source);
    expect(layersOf(source).map(({ name }) => name)).toEqual([
      "embedding1",
      "lstm1.W",
      "lstm1.R",
      "lstm2.W",
      "lstm2.R",
      "out",
    ]);
    expect(layersOf(model).map(({ name }) => name)).toEqual([
      "embedding1",
      ...["lstm1.W", "lstm1.R", "lstm2.W", "lstm2.R"].flatMap((name) =>
        ["i", "o", "f", "c"].map((g) => `${name}.${g}`),
      ),
      "out",
    ]);
    expect(wholeOf.get("lstm2.R.f")).toBe("lstm2.R");
    const parts = parametersOf(model, learnedTensors(model));
    expect(join(parts)).toEqual(new Map([...parametersOf(source, join(parts).keys())]));
    const forget = parts.get("lstm1.R.f");
    if (!forget) throw new Error("The forget gate is missing.");
    const changed = join(new Map([["lstm1.R.f", { ...forget, data: forget.data.map(() => 7) }]])).get("lstm1.R");
    const size = forget.data.length;
    expect(changed?.data.subarray(2 * size, 3 * size).every((w) => w === 7)).toBe(true);
    expect(changed?.data.filter((w) => w === 7)).toHaveLength(size);
  });

  it("do not change what a network computes", async () => {
    const data = openText(ALICE, { window: 16 });
    const source = small("gru", data.classes ?? 0);
    const { model } = await adopt(engine, source, formFor(data));
    const apart = await evaluate(engine, model, data, data.validation);
    expect(apart.samples).toBe(data.validation.size * 16);
    expect(apart.figures.perplexity).toBeCloseTo(Math.exp(apart.loss), 6);
    expect(apart.figures.bitsPerCharacter).toBeCloseTo(apart.loss / Math.LN2, 6);
    expect(apart.value).toBe(apart.figures.bitsPerCharacter);
  });
});

describe("pruning by gate", () => {
  it("leaves each gate its own connections, and the file one node", async () => {
    const data = openText(ALICE, { window: 16 });
    const { model, restore } = await adopt(engine, small("lstm", data.classes ?? 0), formFor(data));
    const target = {
      kind: "density",
      layers: [
        ["*.f", 0.5],
        ["*.c", 0.1],
      ],
    } as const;
    const round = {
      name: "prune",
      prune: { target, part: 1 },
      epochs: 1,
      learningRate: { policy: "constant", rate: 0.01 },
      optimizer: { name: "adam" },
    } as const;
    const { best, results } = await runRounds(engine, model, data, [round], { batch: 4, seed: 1 });
    expect(results[0].layers).toMatchObject({ "lstm1.W.i": 1, "lstm1.R.f": 0.5, "lstm2.R.o": 1 });
    expect(results[0].layers["lstm2.R.c"]).toBeCloseTo(0.1, 1);
    const file = restore(best);
    expect(file.nodes.filter(({ op }) => op === "Concat")).toHaveLength(0);
    const recurrent = file.initializers.get("lstm2.R")?.data ?? [];
    const quarter = recurrent.length / 4;
    const kept = [0, 1, 2, 3].map((gate) => {
      return recurrent.slice(gate * quarter, (gate + 1) * quarter).filter((w) => Number(w) !== 0).length / quarter;
    });
    expect(kept.map((share) => Number(share.toFixed(1)))).toEqual([1, 1, 0.5, 0.1]);
  });
});

describe("a network that writes", () => {
  it("goes on from its prime, and the same with the same seed", async () => {
    const { vocabulary, classes } = openText(ALICE);
    if (!vocabulary) throw new Error("A text has a vocabulary.");
    const source = small("lstm", classes ?? 0);
    const options = { prime: [5, 6, 7], length: 20, temperature: 1, seed: 1 };
    const text = await generate(engine, source, vocabulary, options);
    expect(text.startsWith([5, 6, 7].map((token) => vocabulary.tokens[token]).join(""))).toBe(true);
    expect(Array.from(text)).toHaveLength(23);
    expect(await generate(engine, source, vocabulary, options)).toBe(text);
    expect(await generate(engine, source, vocabulary, { ...options, seed: 2 })).not.toBe(text);
  });
});

describe("a transformer for texts", () => {
  const data = openText(ALICE, { window: 12 });
  const source = small("gpt", data.classes ?? 0, [12]);

  it("hears no token behind the one that it gives scores for, and the runtime says what ONNX Runtime does", async () => {
    const text = Array.from({ length: 12 }, (_, i) => BigInt((5 * i) % 7));
    const changed = text.with(8, 20n);
    const program = await engine.compile(source);
    const scores = async (tokens: readonly bigint[]) => {
      const input = { dtype: "int64", dims: [1, 12], data: BigInt64Array.from(tokens) } as const;
      return (await program.run({ input })).logits.data as Float32Array;
    };
    const [before, after] = [await scores(text), await scores(changed)];
    const heard = 8 * (data.classes ?? 0);
    expect(after.slice(0, heard)).toEqual(before.slice(0, heard));
    expect(after.slice(heard)).not.toEqual(before.slice(heard));
    await program.release();
    const network = await Network.load(encode(source));
    const { logits } = network.run({ input: { dims: [1, 12], data: BigInt64Array.from(text) } });
    for (const [i, value] of (logits.data as Float32Array).entries()) expect(value).toBeCloseTo(before[i], 5);
  });

  it("learns, is pruned as its recipe says, and writes more than a window", async () => {
    const { vocabulary } = data;
    if (!vocabulary) throw new Error("A text has a vocabulary.");
    const { model, restore } = await adopt(engine, source, formFor(data));
    const { train, prune } = roundsOf(recipeOf("gpt", true), model);
    const short = [train, ...prune].map((round) => ({ ...round, epochs: 1 }));
    const { best, results } = await runRounds(engine, model, data, short, { batch: 4, seed: 1 });
    expect(results[1].layers["block1.attention.qkv"]).toBeCloseTo(0.11, 1);
    expect(results[1].layers["block2.fc2"]).toBeCloseTo(0.08, 1);
    expect(results[0].validation).toBeLessThan(Math.log2(data.classes ?? 0));
    const options = { prime: [5, 6, 7], length: 15, temperature: 1, seed: 1 };
    const text = await generate(engine, restore(best), vocabulary, options);
    expect(Array.from(text)).toHaveLength(18);
    expect(await generate(engine, restore(best), vocabulary, options)).toBe(text);
  });
});

describe("a network with inputs for its states", () => {
  it("is trained without them", async () => {
    const data = openText(ALICE, { window: 16 });
    const source = small("lstm", data.classes ?? 0);
    const states = ["h0", "c0"].map((name) => ({ name, dtype: "float32" as const, shape: [1, null, 16] }));
    const nodes = source.nodes.map((node) =>
      node.name === "lstm1" ? { ...node, inputs: [...node.inputs, "", "h0", "c0"] } : node,
    );
    const withStates = { ...source, inputs: [...source.inputs, ...states], nodes };
    const [plain, stated] = await Promise.all(
      [source, withStates].map(async (model) => {
        const adopted = await adopt(engine, model, formFor(data));
        return evaluate(engine, adopted.model, data, data.validation);
      }),
    );
    expect(stated).toEqual(plain);
  });

  it("says so when an attribute is not covered", async () => {
    const data = openText(ALICE, { window: 16 });
    const source = small("lstm", data.classes ?? 0);
    const nodes = source.nodes.map((node) =>
      node.op === "LSTM" ? { ...node, attributes: { ...node.attributes, clip: float(3) } } : node,
    );
    const { model } = await adopt(engine, { ...source, nodes }, formFor(data));
    const options = { batch: 4, optimizer: { name: "sgd", momentum: 0 }, seed: 1 } as const;
    await expect(Trainer.create(engine, model, options)).rejects.toThrow(/clip/);
  });
});

describe("captions", () => {
  it("are learned from pictures and the words before", async () => {
    const scenes = openScenes();
    const data = { ...scenes, train: { ...scenes.train, size: 80 }, validation: { ...scenes.validation, size: 40 } };
    const { model } = await adopt(engine, small("neuraltalk", data.classes ?? 0, data.inputs[0].shape), formFor(data));
    const trainer = await Trainer.create(engine, model, {
      batch: 20,
      optimizer: { name: "adam" },
      seed: 1,
      task: taskFor(data),
    });
    const evaluator = await Evaluator.create(engine, model, data, learnedTensors(model));
    const { history } = await runEpochs(trainer, evaluator, data, {
      epochs: 3,
      learningRate: { policy: "constant", rate: 0.01 },
      seed: 1,
    });
    expect(history[2].validationLoss).toBeLessThan(0.9 * history[0].validationLoss);
    await trainer.release();
    await evaluator.release();
  });

  it("have the BLEU of the definition", () => {
    const words = (text: string) => text.split(" ");
    const exact = "the cat sat on the mat";
    expect(bleu([words(exact)], [[words(exact)]])).toBeCloseTo(100, 10);
    // Seven of "the", of which a reference has two: clipped to 2/7 (Papineni et al., example 2); no longer run matches.
    expect(bleu([words("the the the the the the the")], [[words("the cat is on the mat")]])).toBe(0);
    // p1 = 5/5, p2 = 3/4, p3 = 1/3, and p4 = 0/2.
    expect(bleu([words("a b c e d")], [[words("a b c d e")]])).toBe(0);
    const longer = bleu([words("a b c d")], [[words("a b c d e f")]]);
    expect(longer).toBeCloseTo(100 * Math.exp(1 - 6 / 4), 10);
  });
});
