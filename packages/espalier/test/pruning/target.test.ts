import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { lenet5 } from "../../src/models/lenet-5.ts";
import { type FloatTensor, float32 } from "../../src/onnx/tensor.ts";
import { layersOf, selectLayers } from "../../src/operators/layers.ts";
import { countNonzero, densityOf, largest } from "../../src/pruning/mask.ts";
import { chooseMasks, type Target } from "../../src/pruning/target.ts";
import { magnitudeAbove, standardDeviation } from "../../src/pruning/threshold.ts";
import { type Parameters, parametersOf, trainableParameters } from "../../src/training/parameters.ts";

const model = lenet5({ seed: 1 });
const layers = layersOf(model);
const parameters: Parameters = parametersOf(model, trainableParameters(model));
const density = (mask: FloatTensor | undefined) => (mask ? countNonzero(mask) / mask.data.length : 1);

describe("thresholds", () => {
  it("standard deviation is that of the live weights", () => {
    expect(standardDeviation(Float32Array.of(1, -1, 0, 0, 3, -3))).toBeCloseTo(Math.sqrt(5), 6);
    expect(standardDeviation(new Float32Array(4))).toBe(0);
  });

  it("exactly as many magnitudes as asked lie above", () => {
    const weights = fc.float32Array({ minLength: 1, maxLength: 200, noNaN: true });
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (data, part) => {
        const kept = Math.floor(part * data.length);
        const threshold = magnitudeAbove(data, kept);
        const magnitudes = Array.from(data, Math.abs).sort((a, b) => b - a);
        // Equal magnitudes at the border fall together.
        const expected =
          kept >= data.length
            ? magnitudes.filter((m) => m > 0)
            : magnitudes.slice(0, kept).filter((m) => m > magnitudes[kept]);
        expect(data.filter((w) => Math.abs(w) > threshold)).toHaveLength(expected.length);
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});

describe("equal weights", () => {
  const equal = new Map(
    [...parameters].map(([name, { dims, data }]) => [
      name,
      float32(
        dims,
        data.map(() => 0.25),
      ),
    ]),
  );

  it("are kept as many as asked, the first of them", () => {
    const masks = chooseMasks({ kind: "density", layers: [["fc2", 0.5]] }, layers, equal);
    const mask = masks.get("fc2.weight")?.data ?? new Float32Array();
    expect([mask.length, mask.lastIndexOf(1)]).toEqual([5000, 2499]);
    expect(largest(Float32Array.of(1, -2, 2, 2, 0), 2)).toEqual(Uint8Array.of(0, 1, 1, 0, 0));
    // What is zero stays cut.
    expect(largest(Float32Array.of(0, 3, 0), 2)).toEqual(Uint8Array.of(0, 1, 0));
  });

  it("are kept as many as asked by scores of all layers too", () => {
    const scores = new Map(
      layers.map(({ weight, tensor }) => [weight, float32(tensor.dims, new Float32Array(tensor.data.length).fill(1))]),
    );
    const masks = chooseMasks({ kind: "rate", rate: 10 }, layers, parameters, 1, scores);
    const kept = [...masks.values()].reduce((sum, mask) => sum + countNonzero(mask), 0);
    expect(kept + 580).toBe(Math.floor(431_080 / 10));
  });
});

describe("layers", () => {
  it("are found in order, by their short names", () => {
    expect(layers.map(({ name, weight }) => [name, weight])).toEqual(
      ["conv1", "conv2", "fc1", "fc2"].map((name) => [name, `${name}.weight`]),
    );
    expect(selectLayers(layers, "conv*").map(({ name }) => name)).toEqual(["conv1", "conv2"]);
    expect(selectLayers(layers, "fc2")).toHaveLength(1);
  });

  it("names those that are there when asked for another", () => {
    expect(() => selectLayers(layers, "fc9")).toThrow(/No layer is called "fc9".*conv1, conv2, fc1, fc2/);
  });

  it("counts an initializer that two nodes share once", () => {
    const [first] = model.nodes.filter(({ op }) => op === "Gemm");
    const shared = { ...model, nodes: [...model.nodes, { ...first, name: "again", outputs: ["again"] }] };
    expect(layersOf(shared)).toHaveLength(4);
  });
});

describe("targets", () => {
  it("density by layer and glob; the last pattern that fits counts, others are left alone", () => {
    const masks = chooseMasks(
      {
        kind: "density",
        layers: [
          ["*", 0.5],
          ["conv*", 0.25],
          ["fc2", 1],
        ],
      },
      layers,
      parameters,
    );
    expect(["conv1", "conv2", "fc1", "fc2"].map((name) => density(masks.get(`${name}.weight`)))).toEqual([
      0.25, 0.25, 0.5, 1,
    ]);
    expect(chooseMasks({ kind: "density", layers: [["fc1", 0.1]] }, layers, parameters).size).toBe(1);
  });

  it("quality parameter: threshold = s * standard deviation", () => {
    const mask = chooseMasks({ kind: "quality", layers: [["fc1", 1]] }, layers, parameters).get("fc1.weight");
    // Uniform weights: |w| > sigma = limit / sqrt 3 leaves 1 - 1 / sqrt 3 of them.
    expect(density(mask)).toBeCloseTo(1 - 1 / Math.sqrt(3), 2);
  });

  it.each([2, 12, 100])("rate %i counts all parameters, biases too", (rate) => {
    const masks = chooseMasks({ kind: "rate", rate }, layers, parameters);
    const pruned = new Map(
      Array.from(parameters, ([name, tensor]) => [
        name,
        masks.get(name) ??
          float32(
            tensor.dims,
            tensor.data.map(() => 1),
          ),
      ]),
    );
    const reached = 1 / densityOf(pruned);
    expect(reached).toBeGreaterThanOrEqual(rate);
    expect(reached).toBeLessThan(1.01 * rate);
  });

  it("goes part of the way by equal factors", () => {
    const at = (part: number) =>
      density(chooseMasks({ kind: "density", layers: [["fc1", 0.01]] }, layers, parameters, part).get("fc1.weight"));
    expect([at(0.5), at(1)]).toEqual([0.1, 0.01]);
  });

  it("never brings back what was cut", () => {
    const first = chooseMasks({ kind: "density", layers: [["fc1", 0.3]] }, layers, parameters).get(
      "fc1.weight",
    ) as FloatTensor;
    const tensor = parameters.get("fc1.weight") as FloatTensor;
    const cut = new Map(parameters).set(
      "fc1.weight",
      float32(
        tensor.dims,
        tensor.data.map((w, i) => w * first.data[i]),
      ),
    );
    const second = chooseMasks({ kind: "density", layers: [["fc1", 0.9]] }, layers, cut).get(
      "fc1.weight",
    ) as FloatTensor;
    expect(second.data).toEqual(first.data);
  });

  it.each<[Target, RegExp]>([
    [{ kind: "density", layers: [["fc1", 1.5]] }, /density 1.5 of "fc1"/],
    [{ kind: "density", layers: [["fc1", 0]] }, /density 0 of "fc1"/],
    [{ kind: "density", layers: [["nope", 0.5]] }, /No layer is called "nope"/],
    [{ kind: "quality", layers: [["fc1", -1]] }, /quality parameter -1/],
    [{ kind: "rate", rate: 0.5 }, /rate 0.5 is out of range/],
    [{ kind: "rate", rate: 1e9 }, /cannot be reached/],
  ])("refuses %o", (target, message) => {
    // New networks have biases of zero; trained ones count against the rate.
    const trained = new Map(
      Array.from(parameters, ([name, t]) => [
        name,
        float32(
          t.dims,
          t.data.map((w) => w || 0.1),
        ),
      ]),
    );
    expect(() => chooseMasks(target, layers, trained)).toThrow(UserError);
    expect(() => chooseMasks(target, layers, trained)).toThrow(message);
  });
});
