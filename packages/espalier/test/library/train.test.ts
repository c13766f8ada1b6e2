import {
  adamScaling,
  type CheckpointStore,
  chain,
  classify,
  countParameters,
  evaluate,
  type Measure,
  meanSquaredError,
  type Progress,
  pruneByPlan,
  pruneBySearch,
  scan,
  shareWeights,
  type Transform,
  train,
  UserError,
} from "espalier";
import { nodeEngine } from "espalier/node";
import { describe, expect, it } from "vitest";
import { blobNet, blobs, normNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const data = blobs();
const how = { epochs: 3, batch: 20, optimizer: "adam", learningRate: 0.01 } as const;

describe("train", () => {
  it("gives a model that does as well as it says, and tells each epoch", async () => {
    const told: Progress[] = [];
    const result = await train(engine, blobNet(), data, { ...how, onProgress: (progress) => told.push(progress) });
    expect(result).toMatchObject({ parameters: 256, nonzero: 256, epochs: 3 });
    expect(result.validation).toBeLessThan(30);
    expect(countParameters(result.model)).toEqual({ parameters: 256, nonzero: 256 });
    const { value, samples } = await evaluate(engine, result.model, data);
    expect([samples, value]).toEqual([100, result.test]);
    expect(told.flatMap((progress) => (progress.kind === "epoch" ? progress.epoch.epoch : []))).toEqual([1, 2, 3]);
  });

  it("takes batches of all samples where there are few, unless it is told the size of a batch", async () => {
    const few = blobs({ train: 20, validation: 20, test: 20 });
    await train(engine, blobNet(), few, { epochs: 1 });
    await pruneByPlan(engine, blobNet(), few, { density: { "*": 0.5 }, epochs: 1, rounds: 1 });
    await shareWeights(engine, blobNet(), few, { bits: 4, method: "entropy", lambda: 1e-4, epochs: 1 });
    await scan(engine, blobNet(), few, { densities: [0.5], retrain: 1 });
    await expect(train(engine, blobNet(), few, { epochs: 1, batch: 64 })).rejects.toThrow(
      "The batch of 64 is larger than the 20 training samples",
    );
  });

  it("takes an optimizer, and a loss, of the user's own", async () => {
    const steps: string[] = [];
    const scaling = adamScaling(0.9, 0.999, 1e-8);
    const doubled: Transform = {
      slots: [],
      apply(update, { graph, parameter }) {
        steps.push(parameter);
        return graph.emit("Mul", [update, graph.scalar("float32", 2)]);
      },
    };
    const own = await train(engine, blobNet(), data, { ...how, optimizer: chain(scaling, doubled), l2: 0 });
    expect(new Set(steps)).toEqual(new Set(["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]));
    // Twice the update at a learning rate is the update at twice the rate.
    const twice = await train(engine, blobNet(), data, { ...how, l2: 0, learningRate: 0.02 });
    expect(own.test).toBeCloseTo(twice.test, 6);
    const squared = await train(engine, blobNet(), data, { ...how, loss: meanSquaredError });
    expect(squared.validation).toBeLessThan(60);
    const named = await train(engine, blobNet(), data, { ...how, loss: "mse" });
    expect(named.model.initializers).toEqual(squared.model.initializers);
  });

  it("ends by a signal with a checkpoint, from which it goes on to the same weights", async () => {
    const whole = await train(engine, blobNet(), data, how);
    let kept: Uint8Array | undefined;
    const checkpoint: CheckpointStore = {
      name: "memory",
      load: () => kept,
      save(state) {
        kept = state;
      },
    };
    const stop = new AbortController();
    const onProgress = ({ kind }: Progress) => {
      if (kind === "epoch") stop.abort(new Error("enough"));
    };
    const stopped = train(engine, blobNet(), data, { ...how, checkpoint, onProgress, signal: stop.signal });
    await expect(stopped).rejects.toThrow("enough");
    const resumed = await train(engine, blobNet(), data, { ...how, checkpoint, resume: true });
    expect(resumed.model.initializers).toEqual(whole.model.initializers);
    const other = train(engine, blobNet(), data, { ...how, seed: 2, checkpoint, resume: true });
    await expect(other).rejects.toThrow(/belongs to a run with other options/);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    [
      "a misspelled option",
      () => train(engine, blobNet(), data, JSON.parse('{ "epoch": 3 }')),
      /no option "epoch" here: did you mean "epochs"\?/,
    ],
    [
      "half a sample",
      () => train(engine, blobNet(), data, { batch: 1.5 }),
      /"batch" is not valid: the batch size is a/,
    ],
    ["a network that is none", () => train(engine, "lenet5", data), /no network "lenet5": .*did you mean lenet-5\?/],
    ["nothing to resume", () => train(engine, blobNet(), data, { resume: true }), /no checkpoint .* without resume\./],
  ])("refuses %s", async (_, refused, message) => {
    await expect(refused).rejects.toThrow(UserError);
    await expect(refused).rejects.toThrow(message);
  });
});

describe("a measure of the user's own", () => {
  /** The part of all samples whose highest score is their label's. */
  const right: Measure = {
    name: "right",
    unit: "of 1",
    better: "higher",
    tally() {
      let [count, all] = [0, 0];
      return {
        add({ outputs: [scores], targets: [labels], samples }) {
          const classes = scores.data.length / scores.dims[0];
          for (let i = 0; i < samples; i++) {
            const own = Array.from(scores.data.subarray(i * classes, (i + 1) * classes), Number);
            if (own.indexOf(Math.max(...own)) === Number(labels.data[i])) count++;
          }
          all += samples;
        },
        result: () => ({ value: count / all, figures: {} }),
      };
    },
  };

  it("judges epochs and searches", async () => {
    const task = classify(data, { measure: right });
    const trained = await train(engine, blobNet(), data, { ...how, task });
    const plain = await train(engine, blobNet(), data, how);
    expect(trained.test).toBeCloseTo(1 - plain.test / 100, 6);
    const found = await pruneBySearch(engine, trained.model, data, { ...how, task, maxLoss: 0.1, rate: 2 });
    expect(found.measure).toBe(right);
    expect(found.compressionRate).toBeGreaterThan(1);
    expect(found.pruned.validation).toBeGreaterThanOrEqual(found.baseline.validation - 0.1);
    await expect(train(engine, blobNet(), data, { ...how, task: "clasify" })).rejects.toThrow(
      /did you mean classify\?/,
    );
    await expect(train(engine, blobNet(), data, { ...how, task, loss: meanSquaredError })).rejects.toThrow(
      /leave out loss/,
    );
  });
});

describe("a network whose weights are listed among its inputs, as old exports have them", () => {
  it("is trained with its statistics frozen", async () => {
    const model = normNet();
    const listed = Array.from(model.initializers, ([name, { dtype, dims }]) => ({ name, dtype, shape: dims }));
    const old = { ...model, inputs: [...model.inputs, ...listed] };
    const options = { epochs: 1, batch: 20, batchNorm: "frozen" } as const;
    const { validation } = await train(engine, old, data, options);
    expect(validation).toBe((await train(engine, model, data, options)).validation);
  });
});
