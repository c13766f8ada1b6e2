import { describe, expect, it } from "vitest";
import type { Engine } from "../../src/engine/engine.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import type { FeedableModel } from "../../src/onnx/typed.ts";
import { StepFeeds, stepsPerRun } from "../../src/training/feeds.ts";
import type { StepGraph } from "../../src/training/step-graph.ts";

describe("how many steps a run does", () => {
  const engine = (device: Engine["device"]): Engine => ({
    name: "none",
    device,
    compile: () => Promise.reject(new Error("not compiled here")),
  });
  /** A step with so many weights, and images of so many pixels. */
  const step = (weights: number, pixels: number): StepGraph => {
    const model: FeedableModel = { ...emptyModel("step"), inputs: [] };
    model.inputs.push(
      { name: "w", dtype: "float32", shape: [weights] },
      { name: "mask/w", dtype: "float32", shape: [weights] },
      { name: "x", dtype: "float32", shape: [64, pixels] },
    );
    return { model, carry: { "next/w": "w" }, resident: ["mask/w"] };
  };

  it("is 16, fewer for large images, one for large networks and on other devices", () => {
    expect(stepsPerRun(engine("cpu"), step(431_080, 784))).toBe(16);
    expect(stepsPerRun(engine("cpu"), step(1_248_424, 3 * 224 * 224))).toBe(1);
    expect(stepsPerRun(engine("cpu"), step(1_000_000, 3 * 96 * 96))).toBe(9);
    expect(stepsPerRun(engine("cpu"), step(61_000_000, 784))).toBe(1);
    expect(stepsPerRun(engine("cuda"), step(431_080, 784))).toBe(1);
  });
});

describe("the feeds of several steps", () => {
  const types = new Map([["x", { dtype: "float32", dims: [2] } as const]]);

  it("lie one behind the other, with an axis for the steps", () => {
    const feeds = new StepFeeds(3, types);
    for (const step of [0, 1, 2]) feeds.floats("x", step).fill(step + 1);
    const { x } = feeds.first(2);
    expect([x.dims, [...x.data]]).toEqual([
      [2, 2],
      [1, 1, 2, 2],
    ]);
  });

  it("have no such axis where there is room for one step only", () => {
    expect(new StepFeeds(1, types).first(1).x.dims).toEqual([2]);
  });
});
