import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { fedInputs, type Model } from "../../src/onnx/graph.ts";
import type { Round } from "../../src/pruning/round.ts";
import { runRounds } from "../../src/pruning/rounds.ts";
import { searchRounds } from "../../src/pruning/search.ts";
import { withParameters } from "../../src/training/parameters.ts";
import { blobNet, blobs, normNet } from "../blobs.ts";

/** An engine, and the batch sizes for which it has run a whole network to find its shapes. */
function counting(engine: Engine): { engine: Engine; typed: number[] } {
  const typed: number[] = [];
  return {
    typed,
    engine: {
      ...engine,
      compile(model, options) {
        const probes = model.outputs.some(({ name }) => name.startsWith("type/"));
        const input = fedInputs(model).find(({ name }) => name === "input");
        if (probes && input) typed.push(Number(input.shape?.[0]));
        return engine.compile(model, options);
      },
    },
  };
}

const learningRate = { policy: "cosine", rate: 0.02, final: 0.001 } as const;
const retrain = { epochs: 2, learningRate, optimizer: { name: "adam" } } as const;
const run = { batch: 20, seed: 1 };

/** {@link normNet} in operator set 13, which training brings to a newer one. */
function olderNet(): Model {
  const model = normNet();
  model.opsets.set("", 13);
  return model;
}

/** The batch sizes for which each round of a search has typed a whole network. */
async function typedBy(network: Model, options: Partial<Round> = {}): Promise<number[][]> {
  const plain = nodeEngine({ threads: 1 });
  const data = blobs();
  const trained = await runRounds(plain, network, data, [{ name: "train", ...retrain, epochs: 4 }], run);
  const model = withParameters(network, trained.best);
  const { engine, typed } = counting(plain);
  const rounds: number[][] = [];
  const plan = searchRounds(engine, model, data, { limit: 10, slack: 3, retrain: { ...retrain, ...options } });
  await runRounds(engine, model, data, plan, { ...run, onRound: () => void rounds.push(typed.splice(0)) });
  return rounds;
}

describe("rounds of a search", () => {
  it.each([
    ["a network with dropout", blobNet(1, 0.5), {}],
    ["one with normalization, of an older operator set", olderNet(), {}],
    ["one with a frozen layer", normNet(), { frozen: new Set(["conv1.weight", "conv1.scale", "conv1.shift"]) }],
  ])("type %s at most once for each batch size, from the second on for training alone", async (_, network, options) => {
    const rounds = await typedBy(network, options);
    expect(rounds.length).toBeGreaterThan(3);
    for (const round of rounds) expect(round).toEqual([...new Set(round)]);
    const later = rounds.slice(1).flat();
    expect(later.filter((batch) => batch !== run.batch)).toEqual([]);
  });
});
