import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { simplify } from "../../src/library/simplify.ts";
import { ints } from "../../src/onnx/attributes.ts";
import { readModel } from "../../src/onnx/read.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { EXPORTS, readExport } from "../fixtures/exports/read.ts";
import { Net } from "../operators/net.ts";

const engine = nodeEngine({ threads: 2 });
const shared = new URL("../../../../../shared/", import.meta.url).pathname;
const read = (path: string) => readModel(readFileSync(shared + path), path);

describe("simplify", () => {
  it("refuses a network that is not the same", async () => {
    const net = new Net(1);
    const x = net.input([2, 3]);
    const noise = net.emit("RandomNormal", [], { shape: ints([2, 3]) });
    net.model.outputs = [{ name: net.emit("Add", [x, noise], {}) }];
    await expect(simplify(engine, net.model)).rejects.toThrow(
      /not the same: its output "Add" differs by .* nothing is written/,
    );
  });

  it("says which shapes to give where it finds none", async () => {
    const net = new Net(2);
    const x = net.input(["N", "length"]);
    net.model.outputs = [{ name: net.emit("Reshape", [x, net.graph.ints([0, 7, 11])]) }];
    await expect(simplify(engine, net.model)).rejects.toThrow(
      /runs on none of the random inputs.* give their shapes by shape/,
    );
    const { difference } = await simplify(engine, net.model, { shape: { [x]: [1, 77] } });
    expect(difference).toBe(0);
  });
});

describe("simplify of small exports", () => {
  it.each(EXPORTS)("%s computes the same", async (name) => {
    const source = readExport(name);
    const { difference, model } = await simplify(engine, source);
    expect(difference).toBeLessThan(1e-6);
    expect(model.irVersion).toBeGreaterThan(3);
    expect(model.inputs.map((input) => input.name)).toEqual(["x"]);
    expect(model.outputs).toEqual(source.outputs);
  });
});

describe.skipIf(!existsSync(`${shared}zoo`))("simplify of what people ship (needs ../shared/zoo)", () => {
  it("leaves one network of two where an input is fixed", async () => {
    const source = read("zoo/silero_vad_v5.onnx");
    const { difference, model, rewrites } = await simplify(engine, source, {
      fix: { sr: 16_000 },
      shape: { input: [1, 576], state: [2, 1, 128] },
    });
    expect(difference).toBeLessThan(1e-6);
    expect(model.nodes.some(({ op }) => op === "If")).toBe(false);
    expect(rewrites.branches).toBeGreaterThan(1);
    expect(writeModel(model).length).toBeLessThan(0.55 * writeModel(source).length);
  });

  it.each([
    ["ch_ppocr_mobile_v2.0_cls_infer", 35],
    ["version-RFB-320", 35],
    ["melspectrogram", 0],
    ["embedding_model", 0],
  ])("%s computes the same", async (name, normalizations) => {
    const { difference, rewrites } = await simplify(engine, read(`zoo/${name}.onnx`));
    expect(difference).toBeLessThan(1e-5);
    expect(rewrites.normalizations).toBe(normalizations);
  });
});
