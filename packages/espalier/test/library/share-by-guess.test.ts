import { evaluateAgainst, simplify } from "espalier";
import { nodeEngine } from "espalier/node";
import { describe, expect, it } from "vitest";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { A_GUESS, BETTER_THAN_ALONE, BETTER_THAN_NOISE, shareByGuess } from "../../src/library/share-by-guess.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";

const engine = nodeEngine({ threads: 1 });
const SIDE = 6;
const CHANNELS = 12;

/** Conv, BatchNormalization, Relu, Conv: the channels between them are from 1/50 to 2 large. */
function network(variance = 1, size = 0.3): Model {
  const { normal } = random(3, "weights");
  const drawn = (dims: number[], size: number) =>
    float32(
      dims,
      Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => size * normal()),
    );
  const model = emptyModel("channels");
  model.inputs = [{ name: "x", dtype: "float32", shape: ["batch", 3, SIDE, SIDE] }];
  model.outputs = [{ name: "y" }];
  const graph = new GraphBuilder(model);
  const first = drawn([CHANNELS, 3, 1, 1], 1);
  const line = (of: (c: number) => number) =>
    float32(
      [CHANNELS],
      Float32Array.from({ length: CHANNELS }, (_, c) => of(c)),
    );
  // Of inputs of deviation 1 that have nothing in common.
  const spread = (c: number) => first.data.subarray(3 * c, 3 * c + 3).reduce((sum, w) => sum + w * w, 0);
  const made = graph.emit("Conv", ["x", graph.initializer("first", first)]);
  const normalized = graph.emit("BatchNormalization", [
    made,
    graph.initializer(
      "gamma",
      line((c) => 2 * 100 ** (-c / CHANNELS)),
    ),
    graph.initializer(
      "beta",
      line((c) => (c % 3) * 100 ** (-c / CHANNELS)),
    ),
    graph.initializer(
      "mean",
      line(() => 0),
    ),
    graph.initializer(
      "variance",
      line((c) => variance * spread(c)),
    ),
  ]);
  const second = graph.initializer("second", drawn([5, CHANNELS, 3, 3], size));
  graph.emit("Conv", [graph.emit("Relu", [normalized]), second], {}, "y");
  return model;
}

/** The network, which reads bytes besides. */
function withBytes(): Model {
  const model = network();
  model.inputs = [...model.inputs, { name: "bytes", dtype: "uint8", shape: ["batch", 1] }];
  model.outputs = [...model.outputs, { name: "same" }];
  new GraphBuilder(model).emit("Identity", ["bytes"], {}, "same");
  return model;
}

const split: Split = {
  size: 40,
  read(indices, { x }) {
    for (let i = 0; i < indices.length; i++) {
      const { normal } = random(5, "sample", indices[i]);
      for (let j = 0; j < 3 * SIDE * SIDE; j++) x[i * 3 * SIDE * SIDE + j] = normal();
    }
  },
};
const inputs = [{ name: "x", dtype: "float32", shape: [3, SIDE, SIDE] }] as const;
const data: Dataset = { name: "noise", inputs, targets: [], train: split, validation: split, test: split };

async function errorOf(made: Model): Promise<number> {
  const { outputs } = await evaluateAgainst(engine, made, network(), data);
  return outputs[0].relativeError;
}

describe("a guess", () => {
  it.each([{ bits: 3 }, { bits: 4 }])("of $bits bits is nearer by what BatchNormalization tells", async (options) => {
    const { model: folded } = await simplify(engine, network());
    const notes: string[] = [];
    const informed = await shareByGuess(engine, network(), {
      ...options,
      onProgress: (progress) => progress.kind === "note" && notes.push(progress.text),
    });
    const alone = await shareByGuess(engine, folded, options);
    expect(await errorOf(informed.model)).toBeLessThan(0.8 * (await errorOf(alone.model)));
    for (const { name, values } of informed.layers) {
      if (informed.model.initializers.get(name)?.dims.length === 4) expect(values).toBeLessThan(2 ** options.bits);
    }
    expect(informed.basis).toEqual({ by: "noise", layers: 2, normalizations: 1 });
    expect(notes).toContain("2 layers were seen on noise, spread as 1 BatchNormalization tells of real inputs.");
    expect(notes).toContain(A_GUESS);
    expect(notes).toContain(BETTER_THAN_NOISE);
  });

  it("within a loss is nearer too, and the same every time", async () => {
    const { model, layers } = await shareByGuess(engine, network(), { maxLoss: 1 });
    expect(await errorOf(model)).toBeLessThan(0.1);
    expect((await shareByGuess(engine, network(), { maxLoss: 1 })).layers).toEqual(layers);
  });

  it.each([
    ["statistics are none", network(-1), "No BatchNormalization tells of real inputs."],
    ["an input is no noise", withBytes(), 'The input "bytes" is uint8, and noise is float32.'],
    ["what it computes is not finite", network(1, 1e38), /is not finite/],
  ])("is by the weights alone where %s, and says why", async (_, model, why) => {
    const notes: string[] = [];
    const onProgress = (progress: { readonly kind: string; readonly text?: string }) =>
      progress.kind === "note" && notes.push(progress.text ?? "");
    const { basis } = await shareByGuess(engine, model, { bits: 4, onProgress });
    expect(basis).toEqual({ by: "weights", why: typeof why === "string" ? why : expect.stringMatching(why) });
    if (basis.by !== "weights") return;
    expect(notes).toEqual([A_GUESS, `Weights were rounded by themselves. ${basis.why}`, BETTER_THAN_ALONE]);
  });
});
