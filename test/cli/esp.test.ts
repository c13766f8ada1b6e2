import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { lenet300100 } from "../../src/models/lenet-300-100.ts";
import { copyOf, isFloat32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { random } from "../../src/random.ts";
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
  it.each(["context", "huffman"])("of the mode %s is small, and gives the same bytes back", async (mode) => {
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

  it("that is cut short or damaged is refused with a sentence", async () => {
    await espalier("compress", at("pruned.onnx"), "--out", at("whole.esp"));
    const whole = readFileSync(at("whole.esp"));
    for (const [name, bytes] of [
      ["cut.esp", whole.subarray(0, 200)],
      ["bent.esp", whole.map((byte, i) => (i === 5000 ? byte ^ 4 : byte))],
    ] as const) {
      writeFileSync(at(name), bytes);
      const { status, stderr } = await espalier("decompress", at(name), "--out", at("never.onnx"));
      expect(status).toBe(2);
      expect(stderr).toMatch(/damaged/);
    }
    expect(() => readFileSync(at("never.onnx"))).toThrow();
  });
});
