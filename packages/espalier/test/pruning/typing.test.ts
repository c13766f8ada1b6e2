import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { fedInputs } from "../../src/onnx/graph.ts";
import { runRounds } from "../../src/pruning/rounds.ts";
import { search } from "../../src/pruning/search.ts";
import { blobs, trainedBlobNet } from "../blobs.ts";

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

describe("rounds of a search", () => {
  it("type the network at most once for each batch size", async () => {
    const plain = nodeEngine({ threads: 1 });
    const data = blobs();
    const model = await trainedBlobNet(plain, data);
    const { engine, typed } = counting(plain);
    const rounds: number[][] = [];
    const learningRate = { policy: "cosine", rate: 0.02, final: 0.001 } as const;
    const retrain = { epochs: 2, learningRate, optimizer: { name: "adam" } } as const;
    const plan = search(engine, model, data, { limit: 4, slack: 2, retrain });
    await runRounds(engine, model, data, plan, {
      batch: 20,
      seed: 1,
      onRound: () => void rounds.push(typed.splice(0)),
    });
    expect(rounds.length).toBeGreaterThan(4);
    for (const round of rounds) expect(round).toEqual([...new Set(round)]);
    // From the second on, shapes of batches of training alone: of the network without the units that died.
    expect(new Set(rounds.slice(1).flat())).toEqual(new Set([20]));
  });
});
