import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { int } from "../../src/onnx/attributes.ts";
import { readModel } from "../../src/onnx/read.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { blobNet } from "../blobs.ts";
import { espalier } from "./espalier.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-quantize-"));
const at = (name: string) => join(folder, name);
const net = at("net.onnx");
writeFileSync(net, writeModel(blobNet()));
const source = new URL("../blobs.ts", import.meta.url).pathname;
writeFileSync(at("blobs.ts"), `import { blobs } from ${JSON.stringify(source)};\nexport default () => blobs();`);

describe("espalier quantize", () => {
  it("writes a network of eight bits, and one object", async () => {
    const out = at("int8.onnx");
    const { status, stdout } = await espalier(
      "quantize",
      net,
      "--to",
      "int8",
      "--data",
      at("blobs.ts"),
      "--out",
      out,
      "--json",
    );
    expect(status).toBe(0);
    const told = JSON.parse(stdout);
    const contents = readFileSync(out);
    expect(told).toMatchObject({
      bytes: contents.length,
      bytesBefore: readFileSync(net).length,
      file: out,
      left: ["fc2"],
    });
    expect(told.measure).toMatchObject({ unit: "%", better: "higher" });
    expect(told.difference).toBeLessThan(0.1);
    expect(readModel(contents).nodes.some(({ op }) => op === "QuantizeLinear")).toBe(true);
  });

  it("holds weights in blocks of as many columns as are asked for", async () => {
    const out = at("int4.onnx");
    const { status } = await espalier("quantize", net, "--to", "int4", "--block", "64", "--out", out);
    expect(status).toBe(0);
    const sizes = readModel(readFileSync(out)).nodes.map(({ attributes }) => attributes.block_size);
    expect(sizes.filter((size) => size !== undefined)).toEqual([int(64), int(64)]);
  });

  it("tells of each layer in a table", async () => {
    const { status, stdout } = await espalier("quantize", net, "--to", "float16", "--out", at("half.onnx"));
    expect(status).toBe(0);
    expect(stdout).toMatch(/float16/);
    expect(stdout).toMatch(/on random inputs: largest difference/);
  });

  it.each([
    ["a type that is none", ["--to", "int7"], /int8/],
    ["no type", [], /--to/],
    ["a loss without data", ["--to", "int8", "--max-loss", "1"], /--max-loss is about samples/],
    ["blocks without four bits", ["--to", "int8", "--block", "64"], /--block is about int4, and not int8/],
    ["a block that is none", ["--to", "int4", "--block", "33"], /Blocks have/],
  ])("refuses %s and writes nothing", async (_, options, why) => {
    const out = at("none.onnx");
    const { status, stderr } = await espalier("quantize", net, ...options, "--out", out);
    expect([status, existsSync(out)]).toEqual([2, false]);
    expect(stderr).toMatch(why);
  });
});
