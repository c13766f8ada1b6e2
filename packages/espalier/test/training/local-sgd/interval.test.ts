import { expect, it } from "vitest";
import { stepsBetweenMeans } from "../../../src/training/local-sgd/interval.ts";

const alexnet = { shards: 4, bytes: 0.49e9, macs: 64 * 0.72e9, epoch: 1e6 };

it("means are taken so seldom that exchanges take a tenth of the time", () => {
  const steps = stepsBetweenMeans(alexnet);
  expect(steps).toBeGreaterThan(40);
  expect(steps).toBeLessThan(90);
});

it("the steps between two means grow with the bytes, and with the shards towards as many times", () => {
  const steps = stepsBetweenMeans(alexnet);
  expect(stepsBetweenMeans({ ...alexnet, bytes: 2 * alexnet.bytes }) / steps).toBeCloseTo(2, 1);
  expect(stepsBetweenMeans({ ...alexnet, shards: 11 }) / steps).toBeCloseTo(2, 1);
  expect(stepsBetweenMeans({ ...alexnet, macs: 2 * alexnet.macs }) / steps).toBeCloseTo(0.5, 1);
});

it("a mean is taken in each epoch, also where there is nothing to compute", () => {
  expect(stepsBetweenMeans({ ...alexnet, epoch: 20 })).toBe(20);
  expect(stepsBetweenMeans({ ...alexnet, macs: 0, epoch: 20 })).toBe(20);
  expect(stepsBetweenMeans({ ...alexnet, bytes: 1 })).toBe(1);
});
