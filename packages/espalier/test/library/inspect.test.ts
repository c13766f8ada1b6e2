import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { inspect } from "../../src/library/inspect.ts";
import { readModel } from "../../src/onnx/read.ts";

const engine = nodeEngine({ threads: 1 });
const zoo = new URL("../../../../../shared/zoo/", import.meta.url).pathname;
const read = (name: string) => readModel(readFileSync(`${zoo}${name}.onnx`), name);
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

describe.skipIf(!existsSync(zoo))("inspect of what people ship (needs ../shared/zoo)", () => {
  it.each([
    ["ch_PP-OCRv4_det_infer", 64, 1_164_320, true],
    ["ch_PP-OCRv4_rec_infer", 47, 2_669_672, true],
    ["ch_ppocr_mobile_v2.0_cls_infer", 54, 124_072, true],
    ["embedding_model", 20, 326_808, false],
    ["melspectrogram", 3, 271_392, true],
    ["silero_vad_v5", 16, 542_464, true],
    ["version-RFB-320", 52, 270_144, false],
  ])("%s has a row for each layer", async (name, rows, weights, isOpen) => {
    const { layers, notes } = await inspect(engine, read(name));
    expect(layers).toHaveLength(rows);
    expect(total(layers.map((layer) => layer.weights))).toBe(weights);
    // MACs wait for a shape, and nothing asks for one.
    expect(layers.every(({ macs }) => (macs === undefined) === isOpen)).toBe(true);
    expect(notes.some((text) => /MACs are not counted/.test(text))).toBe(isOpen);
  });

  it("counts the MACs of a shape that is given", async () => {
    const { layers } = await inspect(engine, read("melspectrogram"), { shape: { input: [1, 1280] } });
    // 1280 samples are 5 windows of 512, 160 apart.
    expect(layers.map(({ macs }) => macs)).toEqual([5 * 257 * 512, 5 * 257 * 512, 5 * 257 * 32]);
  });

  it("counts those of the branch that runs on it", async () => {
    const shape = { input: [1, 576], state: [2, 1, 128] };
    const { layers } = await inspect(engine, read("silero_vad_v5"), { shape });
    expect(layers.filter(({ macs }) => macs !== undefined)).toHaveLength(8);
    const fixed = await inspect(engine, read("silero_vad_v5"), { shape, fix: { sr: 16_000 } });
    expect(fixed.layers).toHaveLength(8);
    expect(total(fixed.layers.map(({ macs = 0 }) => macs))).toBe(679_552);
  });
});
