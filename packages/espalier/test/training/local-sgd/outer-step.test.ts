import { describe, expect, it } from "vitest";
import { float32 } from "../../../src/onnx/tensor.ts";
import { Mean } from "../../../src/training/local-sgd/average.ts";
import { outerStep } from "../../../src/training/local-sgd/outer-step.ts";

const of = (...numbers: number[]) => new Map([["w", float32([numbers.length], Float32Array.from(numbers))]]);
const none = new Map();

describe("the outer step", () => {
  it("is the mean, to its bits, where there is no momentum", () => {
    const mean = of(0.1, -0);
    expect(outerStep({ momentum: 0, rate: 1 }, of(1, 1), mean, none, none).parameters).toBe(mean);
  });

  it("goes a part of the way to the mean", () => {
    const { parameters, velocity } = outerStep({ momentum: 0, rate: 0.25 }, of(1), of(3), none, none);
    expect(parameters).toEqual(of(1.5));
    expect(velocity.size).toBe(0);
  });

  it("has Nesterov's momentum", () => {
    const step = { momentum: 0.5, rate: 1 };
    // d = -1, v = -1, w = 0 + (1 + 0.5).
    const first = outerStep(step, of(0), of(1), none, none);
    expect(first).toEqual({ parameters: of(1.5), velocity: of(-1) });
    // d = -1, v = -1.5, w = 1.5 + (1 + 0.75).
    expect(outerStep(step, first.parameters, of(2.5), first.velocity, none)).toEqual({
      parameters: of(3.25),
      velocity: of(-1.5),
    });
  });

  it("leaves at zero what a mask cuts, whatever moves it", () => {
    const { parameters, velocity } = outerStep({ momentum: 0.5, rate: 1 }, of(1, 1), of(2, 2), of(-8, -8), of(0, 1));
    expect(parameters).toEqual(of(0, 4.5));
    expect(velocity).toEqual(of(0, -5));
  });
});

describe("the mean", () => {
  it("is taken in float64", () => {
    const mean = new Mean();
    for (const x of [2 ** 30, 1, 1, -(2 ** 30)]) mean.add(of(x));
    expect(mean.result()).toEqual(of(0.5));
  });

  it("of one is that one", () => {
    const mean = new Mean();
    const one = of(-0, 0.1);
    mean.add(one);
    expect(mean.result()).toBe(one);
  });
});
