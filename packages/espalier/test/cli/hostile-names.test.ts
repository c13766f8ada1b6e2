import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { plain } from "../../src/cli/plain.ts";
import { emptyModel, type Model, type Node } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { espalier } from "./espalier.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-names-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The names that every plain object answers to. */
const inherited = Object.getOwnPropertyNames(Object.prototype);

function node(op: string, inputs: string[], output: string, name = output): Node {
  return { name, op, domain: "", inputs, outputs: [output], attributes: {} };
}

function written(name: string, nodes: Node[], { input = "x", weight = "w" } = {}): string {
  const model: Model = emptyModel(name);
  model.inputs = [{ name: input, dtype: "float32", shape: ["batch", 4] }];
  model.outputs = [{ name: nodes[nodes.length - 1].outputs[0], dtype: "float32", shape: ["batch", 3] }];
  model.initializers.set(
    weight,
    float32(
      [4, 3],
      Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)),
    ),
  );
  model.nodes = nodes;
  const path = join(folder, `${name}.onnx`);
  writeFileSync(path, writeModel(model));
  return path;
}

describe("names in a file", () => {
  it.each(inherited)("are no more than names: an operator called %s is an unknown one", async (op) => {
    const path = written(`op-${op}`, [node("MatMul", ["x", "w"], "h"), node(op, ["h"], "y")]);
    const { status, stderr } = await espalier("eval", path, "--data", "mnist");
    expect(status).toBe(2);
    expect(stderr).toMatch(/^espalier: .*\n$/);
    expect(stderr).toContain(op);
    const shared = await espalier("compress", path, "--bits", "2", "--out", join(folder, "shared.esp"), "--json");
    expect(shared.status).toBe(0);
    expect(JSON.parse(shared.stdout).layers).toHaveLength(1);
  });

  it.each(inherited.filter((name) => name !== "__proto__"))("of values may be %s", async (name) => {
    const path = written(`value-${name}`, [node("MatMul", [name, "w"], "y")], { input: name });
    const { status, stdout } = await espalier("inspect", path, "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ parameters: 12, inputs: [{ name }] });
  });

  it("of values may not be __proto__, which engines would lose", async () => {
    const path = written("proto", [node("MatMul", ["x", "__proto__"], "y")], { weight: "__proto__" });
    const { status, stderr } = await espalier("inspect", path);
    expect(status).toBe(2);
    expect(stderr).toMatch(/calls a value "__proto__".*: rename it\.\n$/);
  });

  it("reach a terminal without its commands", async () => {
    const path = written("red", [node("MatMul", ["x", "w"], "y", "fc\u001b[31m\u202e")]);
    const { stdout } = await espalier("inspect", path);
    for (const letter of "\u001b\u202e") expect(stdout).not.toContain(letter);
    const network = await espalier("train", "a\u001b]0;title\u0007", "--data", "mnist", "--out", join(folder, "out"));
    expect(network.status).toBe(2);
    expect(network.stderr).toContain("\\u001b]0;title\\u0007");
  });
});

describe("plain", () => {
  it("keeps letters of all languages, tabs and line feeds", () => {
    for (const text of ["größe\t東京\n", "اللغة", "🌳"]) expect(plain(text)).toBe(text);
  });
});
