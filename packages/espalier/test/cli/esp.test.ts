import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, describe, expect, it } from "vitest";
import { encode } from "../../src/coding/encode.ts";
import { lenet300100 } from "../../src/models/lenet-300-100.ts";
import { ModelProtoSchema } from "../../src/onnx/onnx_pb.ts";
import { readModel } from "../../src/onnx/read.ts";
import { copyOf, isFloat32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { random } from "../../src/random.ts";
import { craft, graphSection, sectionsOf } from "../coding/craft.ts";
import { espalier } from "./espalier.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-esp-"));
const at = (name: string) => join(folder, name);

const model = lenet300100({ seed: 1 });
const { uniform } = random(1, "cut");
for (const [name, tensor] of model.initializers) {
  if (!isFloat32(tensor) || tensor.dims.length < 2) continue;
  const cut = copyOf(tensor);
  for (let i = 0; i < cut.data.length; i++) if (uniform() > 0.05) cut.data[i] = 0;
  model.initializers.set(name, cut);
}
const file = writeModel(model);
writeFileSync(at("pruned.onnx"), file);

afterAll(() => rmSync(folder, { recursive: true }));

describe("an .esp file", () => {
  it.each(["context", "static", "huffman"])("of the mode %s is small, and gives the same bytes back", async (mode) => {
    const compressed = await espalier("compress", at("pruned.onnx"), "--out", at("a.esp"), "--mode", mode, "--json");
    const { bytes, bytesBefore, ratio, file: written } = JSON.parse(compressed.stdout);
    expect([bytes, bytesBefore, written]).toEqual([readFileSync(at("a.esp")).length, file.length, at("a.esp")]);
    expect(ratio).toBeGreaterThan(15);
    const { status } = await espalier("decompress", at("a.esp"), "--out", at("b.onnx"));
    expect(status).toBe(0);
    expect(readFileSync(at("b.onnx")).equals(file)).toBe(true);
  });

  it("is a model wherever one is asked for, and tells where its bytes go", async () => {
    await espalier("compress", at("pruned.onnx"), "--bits", "5", "--out", at("shared.esp"));
    const { stdout } = await espalier("inspect", at("shared.esp"), "--json");
    const { coded, bytes, nonzero } = JSON.parse(stdout);
    expect(bytes).toBe(readFileSync(at("shared.esp")).length);
    expect(nonzero).toBeGreaterThan(10_000);
    const parts = [coded.graph, ...coded.tensors.map((tensor: { bytes: number }) => tensor.bytes)];
    const overhead = bytes - parts.reduce((a: number, b: number) => a + b, 0);
    expect(overhead).toBeGreaterThan(0);
    expect(overhead).toBeLessThan(100);
    expect((await espalier("inspect", at("shared.esp"))).stdout).toContain("bits a weight");
  });

  it("gives back what another exporter wrote, to the byte", async () => {
    const foreign = fileURLToPath(new URL("../fixtures/pytorch/double.onnx", import.meta.url));
    expect((await espalier("compress", foreign, "--out", at("foreign.esp"))).status).toBe(0);
    await espalier("decompress", at("foreign.esp"), "--out", at("foreign.onnx"));
    expect(readFileSync(at("foreign.onnx")).equals(readFileSync(foreign))).toBe(true);
  });

  it("holds weights as raw data that are lists of numbers in the .onnx, and says so", async () => {
    const weights = Array.from({ length: 3000 }, (_, i) => (i % 7 === 0 ? i % 5 : 0));
    const initializer = { name: "w", dataType: 1, dims: [30n, 100n], floatData: weights };
    const value = { name: "w", type: { value: { case: "tensorType" as const, value: { elemType: 1 } } } };
    const listed = create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ version: 18n }],
      graph: { name: "g", initializer: [initializer], output: [value] },
    });
    writeFileSync(at("listed.onnx"), toBinary(ModelProtoSchema, listed));
    const { stderr } = await espalier("compress", at("listed.onnx"), "--out", at("listed.esp"));
    expect(stderr).toMatch(/as raw data: the same numbers/);
    await espalier("decompress", at("listed.esp"), "--out", at("raw.onnx"));
    const tensor = readModel(readFileSync(at("raw.onnx")), "raw.onnx").initializers.get("w");
    expect(isFloat32(tensor) && [...tensor.data]).toEqual(weights);
    expect(readFileSync(at("listed.esp")).length).toBeLessThan(1000);
  });
});

describe("a hostile .esp file", () => {
  const whole = encode(model, { mode: "huffman" });
  const { decoded, sections } = sectionsOf(whole);
  const noise = Uint8Array.from({ length: 300 }, () => Math.floor(256 * uniform()));

  it.each<[string, Uint8Array, RegExp]>([
    ["nothing", new Uint8Array(0), /cut short/],
    ["noise", noise, /is not an \.esp file/],
    ["a header without its sections", whole.subarray(0, 200), /damaged/],
    ["a file without its end", whole.subarray(0, -1), /damaged/],
    ["a flipped bit", whole.map((byte, i) => (i === 5000 ? byte ^ 4 : byte)), /a checksum does not fit/],
    ["a newer version", craft({ decoded, sections, version: 9 }), /version 9 .* update espalier/],
    ["2 GB in a kilobyte", craft({ decoded: 2 ** 31 - 1, sections: [noise, noise] }), /not credible/],
    ["a graph of noise", craft({ decoded, sections: [noise, ...sections.slice(1)] }), /damaged/],
    ["tensors of noise", craft({ decoded, sections: [sections[0], ...sections.slice(1).map(() => noise)] }), /damaged/],
  ])("of %s is refused with a sentence, and nothing is written", async (_, bytes, sentence) => {
    const folder = mkdtempSync(join(tmpdir(), "espalier-hostile-"));
    try {
      const [path, out] = [join(folder, "hostile.esp"), join(folder, "out.onnx")];
      writeFileSync(path, bytes);
      writeFileSync(out, "what was there");
      const { status, stdout, stderr } = await espalier("decompress", path, "--out", out);
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toMatch(/^[^\n]+\.\n$/);
      expect(stderr).toMatch(sentence);
      expect(stderr).toContain("hostile.esp");
      expect(readFileSync(out, "utf8")).toBe("what was there");
      expect(readdirSync(folder).sort()).toEqual(["hostile.esp", "out.onnx"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("of a right file that is not a model is refused as a model", async () => {
    writeFileSync(at("noise.esp"), craft({ decoded: noise.length, sections: [graphSection(noise)] }));
    const { status, stderr } = await espalier("inspect", at("noise.esp"));
    expect(status).toBe(2);
    expect(stderr).toMatch(/^[^\n]+noise\.esp[^\n]+\.\n$/);
  });
});
