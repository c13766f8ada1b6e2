import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../src/onnx/write.ts";
import { blobNet } from "../blobs.ts";
import { espalier } from "./espalier.ts";
import { inOwnProcess } from "./own-process.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-standard-"));
const at = (name: string) => join(folder, name);
const net = at("net.onnx");
const prototxt = at("net.prototxt");

beforeAll(() => {
  writeFileSync(net, writeModel(blobNet()));
  const source = new URL("../blobs.ts", import.meta.url).pathname;
  writeFileSync(at("blobs.ts"), `import { blobs } from ${JSON.stringify(source)};\nexport default () => blobs();`);
  writeFileSync(at("text.txt"), "Weights that are zero need no room. ".repeat(40));
  writeFileSync(
    prototxt,
    'input: "data" input_dim: 1 input_dim: 1 input_dim: 4 input_dim: 4 layer { name: "relu" type: "ReLU" bottom: "data" top: "out" }',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("- as a file", () => {
  it("is standard input and standard output", async () => {
    const model = readFileSync(net);
    const coded = await inOwnProcess(["compress", "-", "--out", "-"], { input: model });
    expect([coded.status, coded.stderr]).toEqual([0, expect.stringMatching(/^-: 1,\d+ B -> \d+ B/)]);
    await espalier("compress", net, "--out", at("net.esp"));
    expect(coded.stdout).toEqual(readFileSync(at("net.esp")));
    const back = await inOwnProcess(["decompress", "-", "--out", "-", "--quiet"], { input: coded.stdout });
    expect([back.status, back.stdout]).toEqual([0, model]);
    expect(readdirSync(process.cwd())).not.toContain("-");
  });

  it("is standard output of a report too, and of nothing beside it", async () => {
    const words = ["compress", net, "--bits", "4", "--out", at("four.esp"), "--report", "-"];
    const { status, stdout, stderr } = await espalier(...words);
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^<!doctype html>[\s\S]*<\/html>\s*$/i)]);
    expect(stderr).toMatch(/four\.esp: /);
    for (const more of [["--json"], ["--out", "-"]]) expect((await espalier(...words, ...more)).status).toBe(2);
  });

  it("is standard input of data and of a Caffe network too", async () => {
    const words = ["train", "lstm", "--epochs", "1", "--window", "8", "--out", at("lstm.onnx"), "--json"];
    const trained = await inOwnProcess([...words, "--data", "text:-"], { input: readFileSync(at("text.txt")) });
    expect([trained.status, JSON.parse(String(trained.stdout)).epochs]).toEqual([0, 1]);
    const imported = await inOwnProcess(["import", "caffe", "--prototxt", "-", "--out", at("relu.onnx")], {
      input: readFileSync(prototxt),
    });
    expect([imported.status, imported.stderr]).toEqual([2, expect.stringMatching(/network has no weights/)]);
  });

  it("is refused where it can be neither", async () => {
    for (const [args, sentence] of [
      [["prune", net, "--data", "mnist", "--rate", "2", "--out", "-"], /whole folder is written/],
      [["compress", net, "--out", "-", "--json"], /--json and --out - both write to standard output/],
      [["train", net, "--data", "mnist", "--out", "-", "--resume"], /No run can be continued that writes into -/],
    ] as const) {
      const { status, stderr } = await espalier(...args);
      expect([status, stderr]).toEqual([2, expect.stringMatching(sentence)]);
    }
    const { isTTY } = process.stdout;
    process.stdout.isTTY = true;
    const { status, stderr } = await espalier("compress", net, "--out", "-");
    process.stdout.isTTY = isTTY;
    expect([status, stderr]).toEqual([2, expect.stringMatching(/is a terminal/)]);
  });
});

describe("what is said", () => {
  it("is nothing but results and mistakes with --quiet", async () => {
    const spec = ["--data", at("blobs.ts"), "--epochs", "1", "--out", at("quiet.onnx")];
    const { status, stdout, stderr } = await espalier("train", net, ...spec, "--quiet");
    const pruned = await espalier(
      "prune",
      net,
      "--data",
      at("blobs.ts"),
      "--unlabeled",
      "--rate",
      "2",
      "--out",
      at("q"),
      "--quiet",
    );
    expect([pruned.status, pruned.stderr]).toEqual([0, ""]);
    expect([status, stdout, stderr]).toEqual([0, expect.stringMatching(/^\S+quiet\.onnx: [^\n]+\n$/), ""]);
    expect((await espalier("inspect", at("none.onnx"), "--quiet")).stderr).toMatch(/^espalier: Cannot read/);
  });

  it("of mistakes is an object too with --json", async () => {
    for (const args of [["inspect", at("none.onnx")], ["eval", net, "--dta", "mnist"], ["eval", net], ["prnue"]]) {
      const { status, stdout, stderr } = await espalier(...args, "--json");
      expect([status, stderr.startsWith("espalier: ")]).toEqual([2, true]);
      expect(JSON.parse(stdout)).toEqual({ error: stderr.replace("espalier: ", "").trimEnd() });
    }
    expect((await espalier("--version", "--json")).stdout).not.toContain("error");
  });

  it("has no colours, whatever the environment says", async () => {
    const { stdout } = await inOwnProcess(["inspect", net], { env: { FORCE_COLOR: "3" } });
    expect(stdout.toString()).toContain("fc1");
    expect(stdout.includes(0x1b)).toBe(false);
  });
});

describe("a folder that is not there", () => {
  it("is made for what goes there", async () => {
    const { status } = await espalier("compress", net, "--out", at("new/deep/net.esp"));
    expect([status, existsSync(at("new/deep/net.esp"))]).toEqual([0, true]);
  });
});
