import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../../src/engine/node.ts";
import type { Model } from "../../../src/onnx/graph.ts";
import { float32 } from "../../../src/onnx/tensor.ts";
import { twinOf } from "../../../src/pruning/units/twin.ts";
import { random } from "../../../src/random.ts";
import {
  type Parameters,
  parametersOf,
  trainableParameters,
  withParameters,
} from "../../../src/training/parameters.ts";
import { outputsOf, sparse } from "./sparse.ts";

const engine = nodeEngine({ threads: 1 });

const all = (model: Model): Parameters => parametersOf(model, trainableParameters(model));
const sizes = (parameters: Parameters) => [...parameters.values()].reduce((sum, { data }) => sum + data.length, 0);

describe("a twin without dead units", () => {
  it.each([1, 2, 3, 4])("computes what the whole network does, also with other weights (network %i)", async (seed) => {
    const model = sparse(seed);
    const { model: small, whole } = await twinOf(engine, model);
    expect(sizes(all(small))).toBeLessThan(sizes(all(model)));
    const agree = async (a: Model, b: Model) => {
      const [one, other] = [await outputsOf(engine, a), await outputsOf(engine, b)];
      for (const [i, value] of one.entries()) expect(other[i]).toBeCloseTo(value, 4);
    };
    await agree(model, small);
    const { normal } = random(seed, "learned");
    const learned = new Map(
      Array.from(all(small), ([name, { dims, data }]) => [
        name,
        float32(
          dims,
          data.map((w) => (w === 0 ? 0 : normal())),
        ),
      ]),
    );
    const restored = withParameters(model, whole(learned));
    expect([...all(restored)].map(([, { dims }]) => dims)).toEqual([...all(model)].map(([, { dims }]) => dims));
    await agree(restored, withParameters(small, learned));
  });
});
