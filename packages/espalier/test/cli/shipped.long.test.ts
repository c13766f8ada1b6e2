import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { forSamples } from "../../src/adoption/samples.ts";
import { openShipped } from "../../src/cli/shipped.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { fixInputs } from "../../src/library/inputs.ts";
import { sizeOf } from "../../src/onnx/tensor.ts";

const zoo = new URL("../../../../../shared/zoo/", import.meta.url).pathname;
const engine = nodeEngine({ threads: 1 });

describe.skipIf(!existsSync(zoo))("networks that people ship (needs ../shared/zoo)", () => {
  it("are opened with what they read", async () => {
    const { networks } = await openShipped(zoo, engine, () => {});
    const named = new Map(networks.map((network) => [network.name, network]));
    for (const { model, data, name, fix } of networks) {
      const fixed = await fixInputs(engine, model, { fix });
      const { outputs } = await annotate(engine, forSamples(fixed, data), { batch: 1 });
      expect(outputs.length, name).toBeGreaterThan(0);
    }
    const embedding = named.get("embedding_model")?.data;
    expect(embedding?.inputs.map(({ shape }) => shape)).toEqual([[76, 32]]);
    const frames = new Float32Array(2 * 76 * 32);
    await embedding?.test.read([0, 1], { frames });
    // Eight frames further on, what was frame 8 is frame 0; and mel frames, divided by ten plus two, are of that size.
    expect(frames.subarray(8 * 32, 76 * 32)).toEqual(frames.subarray(76 * 32, 76 * 32 + 68 * 32));
    expect(Math.max(...frames)).toBeGreaterThan(4);
    expect(Math.max(...frames)).toBeLessThan(20);
    const [classifier, recognizer] = ["ch_ppocr_mobile_v2.0_cls_infer", "ch_PP-OCRv4_rec_infer"].map(
      (name) => named.get(name)?.data,
    );
    expect([classifier?.test.size, recognizer?.test.size].every((size) => size !== undefined && size > 0)).toBe(true);
    const [shape = []] = classifier?.inputs.map(({ shape }) => shape) ?? [];
    const image = new Float32Array(sizeOf(shape));
    await classifier?.test.read([1], { image });
    expect(Math.max(...image)).toBeLessThanOrEqual(1);
  });
});
