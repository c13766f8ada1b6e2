import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readModel } from "../../src/onnx/read.ts";
import { espalier } from "./espalier.ts";

const TEXT = `text:${new URL("../fixtures/text/alice.txt", import.meta.url).pathname}`;
const folder = mkdtempSync(join(tmpdir(), "espalier-text-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr, status } = await espalier(...args);
  expect(stderr.includes("espalier:") ? stderr : "").toBe("");
  expect(status).toBe(0);
  return JSON.parse(stdout);
}

const data = ["--data", TEXT, "--window", "32", "--json"];

describe("a recurrent network for a text", () => {
  it("is trained, evaluated in bits per character, shown gate by gate, shared and coded", async () => {
    const dense = at("dense.onnx");
    const training = ["--epochs", "1", "--batch", "8", "--threads", "1"];
    const trained = await json("train", "gru", ...data, ...training, "--out", dense);
    expect(trained).toMatchObject({ network: "gru" });
    const file = readModel(readFileSync(dense), dense);
    expect(file.inputs[0]).toMatchObject({ dtype: "int64", shape: ["batch", "steps"] });
    expect(file.nodes.filter(({ op }) => op === "GRU")).toHaveLength(2);

    const before = await json("eval", dense, ...data);
    expect(Math.log2(Number(before.perplexity))).toBeCloseTo(Number(before.bitsPerCharacter), 6);
    expect(before.bitsPerCharacter).toBeLessThan(5.2);

    const { layers } = await json("inspect", dense, "--json");
    const names = (layers as { name: string }[]).map(({ name }) => name);
    expect(names).toContain("gru2.R.z");
    expect(names).toContain("embedding1");

    const small = at("small.esp");
    await json("compress", dense, "--bits", "5", "--mode", "huffman", "--out", small, "--json");
    const after = await json("eval", small, ...data);
    expect(after.bitsPerCharacter).toBeLessThan(5.5);
  });

  it("is read by characters that it knows", async () => {
    const { stderr, status } = await espalier("eval", at("dense.onnx"), ...data, "--unit", "words");
    expect(status).toBe(2);
    expect(stderr).toMatch(/The model reads characters, and --unit is words/);
  });

  it("takes no options about photographs", async () => {
    const { stderr, status } = await espalier("eval", at("dense.onnx"), ...data, "--crop", "32");
    expect(status).toBe(2);
    expect(stderr).toMatch(/--crop is about photographs/);
  });
});
