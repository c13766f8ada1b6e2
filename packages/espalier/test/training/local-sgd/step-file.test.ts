import { describe, expect, it } from "vitest";
import { memoryExchange } from "../../../src/engine/exchange.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { UserError } from "../../../src/errors.ts";
import { emptyModel } from "../../../src/onnx/graph.ts";
import { writeModel } from "../../../src/onnx/write.ts";
import { LocalStepsJob } from "../../../src/training/local-sgd/job.ts";
import { readState, writeState } from "../../../src/training/local-sgd/state-file.ts";
import { readStep, writeStep } from "../../../src/training/local-sgd/step-file.ts";
import { trainingStep } from "../../../src/training/training-step.ts";
import { blobNet, blobs } from "../../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const routes = [{ from: blobs().inputs[0], to: { name: "input", dtype: "float32" as const } }];
const step = await trainingStep(engine, blobNet(1, 0.3), {
  batch: 20,
  optimizer: { name: "adam" },
  dropout: new Map([["drop1", 0.25]]),
});

describe("a training step in a file", () => {
  it("is the same step", () => {
    const changes = { augmentation: { shift: 2, flip: true }, inputDropout: 0.5, routes };
    const read = readStep(writeStep({ step, changes }), "step");
    expect(read.changes).toEqual(changes);
    const { model: _, feed, states, ...rest } = step;
    expect(states).toEqual([]);
    expect(read.step).toMatchObject(rest);
    expect(read.step.dropout[0].ratio).toBe(0.25);
    expect(read.step.feed.inputs[0]).toMatchObject({ name: feed.inputs[0].name, shape: [20, 1, 4, 4] });
  });

  it("is refused where it is something else, or asks for more memory than there is", () => {
    expect(() => readStep(writeModel(emptyModel("other")), "other.onnx")).toThrow(UserError);
    const huge = { ...step, capacity: 2 ** 40 };
    expect(() => readStep(writeStep({ step: huge, changes: { routes } }), "step")).toThrow(/too much/);
  });
});

it("a job that asks for no steps is refused", () => {
  const job = new LocalStepsJob({ engine: () => engine, exchange: memoryExchange() });
  const own = { step: "0", masks: "1", state: "2", samples: "3", inOrder: false };
  const good = { engine: { device: "cpu" }, ...own, seed: 1, epoch: 0, from: 0, iteration: 0 };
  job.check(good);
  const hostile = [
    null,
    {},
    { ...good, state: "../secret" },
    { ...good, step: "a".repeat(200) },
    { ...good, from: -1 },
  ];
  for (const input of hostile) expect(() => job.check(input)).toThrow(UserError);
});

it("a state carries a number for each step, whatever it is, and is refused without", () => {
  const none = new Map();
  const steps = [0.1, Number.NaN, Number.POSITIVE_INFINITY, 1e-300];
  const file = writeState({ parameters: none, statistics: none, slots: none, steps });
  expect(readState(file, "state").steps).toEqual(steps);
  expect(() => readState(writeModel(emptyModel("other")), "other.onnx")).toThrow(UserError);
});
