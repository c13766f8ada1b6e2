import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ints } from "../../src/onnx/attributes.ts";
import { readModel } from "../../src/onnx/read.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { Net } from "../operators/net.ts";
import { espalier } from "./espalier.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-simplify-"));
const at = (name: string) => join(folder, name);

/** y = x + a on [N, H, 2], with the sizes computed. */
function written(name: string, noisy = false): string {
  const net = new Net(1);
  net.model.inputs.push({ name: "x", dtype: "float32", shape: ["N", "H", 2] });
  net.model.inputs.push({ name: "a", dtype: "float32", shape: [] });
  const sum = net.emit("Add", ["x", "a"]);
  const noise = noisy ? net.emit("Mul", [sum, net.emit("RandomNormal", [], { shape: ints([1]) })]) : sum;
  net.model.outputs = [{ name: net.emit("Reshape", [noise, net.emit("Shape", ["x"])]), dtype: "float32" }];
  writeFileSync(at(name), writeModel(net.model));
  return at(name);
}

describe("espalier simplify", () => {
  it("fixes inputs and shapes, and tells what became of the file", async () => {
    const out = at("simple.onnx");
    const fixed = ["--fix", "a=2", "--shape", "x=3x5x2"];
    const { status, stdout } = await espalier("simplify", written("net.onnx"), ...fixed, "--out", out, "--json");
    expect(status).toBe(0);
    const told = JSON.parse(stdout);
    const contents = readFileSync(out);
    expect(told).toMatchObject({ bytes: contents.length, difference: 0, file: out, shapes: { x: [3, 5, 2] } });
    expect(told.bytesBefore).toBe(readFileSync(at("net.onnx")).length);
    expect(told.outputs).toEqual([{ name: "Reshape", difference: 0 }]);
    const { inputs, nodes } = readModel(contents);
    expect(inputs.map(({ name, shape }) => [name, shape])).toEqual([["x", [3, 5, 2]]]);
    expect(nodes.map(({ op }) => op)).toEqual(["Add", "Reshape"]);
  });

  it.each([
    ["an unknown input", ["--fix", "b=2"], /no input "b": its inputs are "x", "a"/],
    ["a number that is none", ["--fix", "a=two"], /Write it as NAME=NUMBER/],
    ["no name", ["--fix", "2"], /Write it as NAME=NUMBER/],
    ["a shape of another rank", ["--shape", "x=3x5"], /declared as \[N,H,2\]/],
    ["a sample's shape that is given twice", ["--shape", "5x2", "--shape", "4x2"], /given twice/],
  ])("refuses %s", async (_, options, why) => {
    const out = at("none.onnx");
    const { status, stderr } = await espalier("simplify", written("net.onnx"), ...options, "--out", out);
    expect([status, existsSync(out)]).toEqual([2, false]);
    expect(stderr).toMatch(why);
  });

  it("writes nothing that computes otherwise", async () => {
    const out = at("none.onnx");
    const { status, stderr } = await espalier("simplify", written("noisy.onnx", true), "--out", out);
    expect([status, existsSync(out)]).toEqual([2, false]);
    expect(stderr).toMatch(/is not the same/);
  });
});

describe("--fix and --shape of other commands", () => {
  it("are for the model that has such an input, and stay in what is written", async () => {
    const [source, fixed] = [written("net.onnx"), at("fixed.onnx")];
    const simple = await espalier("simplify", source, "--fix", "a=2", "--out", fixed);
    expect(simple.status).toBe(0);
    const out = at("compressed.onnx");
    const { status } = await espalier("compress", source, "--fix", "a=2", "--out", out);
    expect(status).toBe(0);
    expect(readModel(readFileSync(out)).initializers.get("a")?.data).toEqual(Float32Array.of(2));
    const unknown = await espalier("inspect", source, "--fix", "b=2");
    expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringMatching(/no input "b"/)]);
    const named = await espalier("train", "lenet-5", "--data", "mnist", "--out", at("no.onnx"), "--fix", "a=2");
    expect([named.status, named.stderr]).toEqual([2, expect.stringMatching(/leave out --fix and --shape/)]);
  });
});
