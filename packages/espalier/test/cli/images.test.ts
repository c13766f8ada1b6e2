import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PREPROCESSING_KEY } from "../../src/data/preprocessing.ts";
import { conv2d, dense, flatten, globalAveragePool, maxPool, relu } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import { readModel } from "../../src/onnx/read.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { random } from "../../src/random.ts";
import { picture, put } from "../data/images/photographs.ts";
import { espalier } from "./espalier.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-photographs-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const COLOURS = { blue: [40, 60, 200], green: [50, 190, 60], red: [210, 50, 40] };

beforeAll(async () => {
  for (const [name, colour] of Object.entries(COLOURS)) {
    for (let i = 0; i < 20; i++) {
      const { normal } = random(i, "photograph", name);
      const pixels = Uint8Array.from({ length: 12 * 9 * 3 }, (_, j) => Math.max(0, colour[j % 3] + 40 * normal()));
      const file = await picture(12, 9, pixels).png().toBuffer();
      put(at("photographs"), `${name}/${i}.png`, file);
      put(at("loose"), `${Object.keys(COLOURS).indexOf(name)}-${i}.png`, file);
    }
  }
  const layers = [conv2d(6, 3), relu(), maxPool(2), flatten(), dense(3)];
  writeFileSync(at("net.onnx"), writeModel(sequential(layers, { name: "net", input: [3, 8, 8], seed: 1 })));
  const pooled = [conv2d(3, 3), globalAveragePool()];
  // The mean of each channel, more or less: blue, green and red in this order tell themselves apart.
  const means = sequential(pooled, { name: "colours", input: [3, 8, 8], seed: 1 });
  const { normal } = random(1, "colours");
  const kernels = Float32Array.from({ length: 81 }, (_, i) => (i % 36 === 4 ? 1 : 0.02 * normal()));
  means.initializers.set("conv1.weight", float32([3, 3, 3, 3], kernels));
  writeFileSync(at("colours.onnx"), writeModel(means));
  writeFileSync(at("grey.onnx"), writeModel(sequential(pooled, { name: "grey", input: [1, 8, 8], seed: 1 })));
});

const loose = () => ["--data", `images:${at("loose")}`, "--parts", "0.4,0.3,0.3"];
const photographs = () => ["--data", `images:${at("photographs")}`];
const how = ["--resize", "8", "--channels", "BGR", "--mean", "104,117,123", "--scale", "1/128"];

describe("a network by name", () => {
  it("is trained on a folder of classes without a word on how: what is chosen is said, and written into the model", async () => {
    const training = ["--epochs", "1", "--batch", "8", "--size", "16x16", "--json", "--out", at("scratch.onnx")];
    const { stderr, status } = await espalier("train", "resnet-20", ...photographs(), ...training);
    expect(status, stderr).toBe(0);
    expect(stderr).toMatch(/so this is chosen: stretched to 16x16, RGB, \(value - 127\.5\) \/ 127\.5/);
    const trained = readModel(readFileSync(at("scratch.onnx")), "scratch");
    expect(trained.outputs[0].shape?.[1]).toBe(3);
    expect(trained.inputs[0].shape?.slice(1)).toEqual([3, 16, 16]);
    expect(JSON.parse(trained.metadata.get(PREPROCESSING_KEY) ?? "")).toMatchObject({
      resize: [16, 16],
      channels: "RGB",
    });
    const again = await espalier("eval", at("scratch.onnx"), ...photographs(), "--json");
    expect(JSON.parse(again.stdout).samples).toBe(60);
  });
});

describe("photographs", () => {
  it("are what every command takes: train writes how into the model, so that the others need not be told", async () => {
    const training = [...how, "--epochs", "6", "--batch", "8", "--learning-rate", "0.05", "--json"];
    const trained = await espalier("train", at("net.onnx"), ...photographs(), ...training, "--out", at("dense.onnx"));
    expect(trained.stderr).toMatch(/train 6\/6/);
    expect(JSON.parse(trained.stdout)).toMatchObject({ testError: 0 });
    const { metadata } = readModel(readFileSync(at("dense.onnx")), "dense");
    expect(JSON.parse(metadata.get(PREPROCESSING_KEY) ?? "")).toEqual({
      resize: 8,
      crop: [8, 8],
      channels: "BGR",
      mean: [104, 117, 123],
      scale: [1 / 128, 1 / 128, 1 / 128],
    });

    const dense = [at("dense.onnx"), ...photographs()];
    const evaluate = async (...options: string[]) =>
      JSON.parse((await espalier("eval", ...dense, ...options, "--json")).stdout);
    expect(await evaluate()).toMatchObject({ samples: 60, top1: 100 });
    expect(await evaluate("--split", "test")).toMatchObject({ samples: 6 });
    expect(await evaluate("--split", "train", "--parts", "0.5,0.25,0.25")).toMatchObject({ samples: 30 });
    // The other order of channels, with the means in that order too: red is taken for blue.
    expect((await evaluate("--channels", "RGB")).top1).toBeLessThan(50);

    const inspected = await espalier("inspect", ...dense, "--json");
    expect(JSON.parse(inspected.stdout).layers[0].activations).toBeGreaterThan(0);
    const scanned = await espalier("scan", ...dense, "--out", at("scan"), "--densities", "1,0.5", "--json");
    expect(JSON.parse(scanned.stdout).layers).toHaveLength(2);
    const rounds = ["--rate", "3", "--rounds", "1", "--epochs", "2", "--batch", "8"];
    const pruned = await espalier("prune", ...dense, ...rounds, "--out", at("pruned"), "--json");
    expect(JSON.parse(pruned.stdout).compressionRate).toBeGreaterThan(2.9);
    expect(existsSync(at("pruned/report.html"))).toBe(true);
  });

  it.each<[string, string[], RegExp]>([
    ["without a word on how", ["eval", "net.onnx", "images"], /give --size, --channels, --mean and --scale/],
    [
      "options for other data",
      ["eval", "net.onnx", "mnist", "--division-seed", "2"],
      /--division-seed is about photogr/,
    ],
    ["a mean for no channel", ["eval", "net.onnx", "images", "--mean", "1,2"], /mean of RGB images is 1,2: give 3/],
    ["a mean that is none", ["eval", "net.onnx", "images", "--mean", "1,,2"], /Write numbers with commas/],
    ["a scale by nothing", ["eval", "net.onnx", "images", "--scale", "1/0"], /Write numbers with commas/],
    ["a size that is none", ["eval", "net.onnx", "images", "--crop", "8x"], /Write it as 256x256/],
    ["parts of too much", ["scan", "net.onnx", "images", "--parts", "0.8,0.2,0.1"], /three parts that are 1/],
    [
      "a crop of another size",
      ["eval", "net.onnx", "images", "--crop", "7"],
      /are \[3,7,7\], and the input .*\[3,8,8\]/,
    ],
    [
      "a crop larger than what is left",
      ["eval", "net.onnx", "images", "--resize", "7"],
      /8x8 is larger than .*side of 7/,
    ],
  ])("%s are refused", async (_, [command, model, data, ...options], message) => {
    const spec = data === "images" ? `images:${at("photographs")}` : data;
    const out = command === "scan" ? ["--out", at("never")] : [];
    const { status, stdout, stderr } = await espalier(command, at(model), "--data", spec, ...out, ...options);
    expect(stderr).toMatch(message);
    expect([status, stdout, stderr.trim().split("\n").length]).toEqual([2, "", 1]);
  });

  it("without labels are enough to prune on", async () => {
    const net = [at("net.onnx"), "--unlabeled", ...how];
    const run = await espalier("prune", ...net, ...loose(), "--max-loss", "1", "--out", at("less"), "--json");
    expect(run.stderr).toMatch(/conv1: measured\n/);
    expect(run.stderr).toMatch(/x: .*% agree, .* points of loss expected\n/);
    const { baseline, pruned, nonzero, compressionRate, agreement, trials } = JSON.parse(run.stdout);
    expect({ baseline, pruned }).toEqual({ baseline: null, pruned: null });
    expect(compressionRate).toBeGreaterThan(1.2);
    expect(agreement.validation.expectedLoss).toBeLessThanOrEqual(1);
    expect(agreement.test).toMatchObject({ samples: 18 });
    expect(trials.length).toBeGreaterThan(1);
    const { initializers } = readModel(readFileSync(at("less/pruned.onnx")), "pruned");
    const numbers = [...initializers.values()].flatMap(({ data }) => [...data].map(Number));
    expect(numbers.filter((value) => value !== 0)).toHaveLength(nonzero);
    expect(readFileSync(at("less/report.html"), "utf8")).toContain("What was tried");

    const judged = [...photographs(), "--density", "fc1=0.5,conv1=0.5", "--out", at("half")];
    const half = await espalier("prune", ...net, ...judged);
    expect(half.stdout).toMatch(/test error +\d+\.\d\d% -> \d+\.\d\d%/);
    expect(half.stdout).toMatch(/same first class +\d+\.\d\d% of test samples/);
  });

  it("without labels are enough to share on", async () => {
    const net = [at("net.onnx"), "--unlabeled", ...how];
    const run = await espalier("compress", ...net, ...loose(), "--max-loss", "1", "--out", at("fitted.esp"), "--json");
    expect(run.stderr).toMatch(/conv1: measured\n/);
    expect(run.stderr).toMatch(/lambda .*: .*% agree, .* points of loss expected\n/);
    const { agreement, layers, bytes } = JSON.parse(run.stdout);
    expect(agreement.expectedLoss).toBeLessThanOrEqual(1);
    expect(layers[0]).toMatchObject({ name: "conv1" });
    expect(layers[0].values).toBeLessThan(80);
    expect(readFileSync(at("fitted.esp"))).toHaveLength(bytes);

    const judged = await espalier("compress", ...net, ...photographs(), "--lambda", "1e-3", "--out", at("judged.esp"));
    expect(judged.stdout).toMatch(/test error +\d+\.\d\d% -> \d+\.\d\d%/);
    expect(judged.stdout).toMatch(/same first class +\d+\.\d\d% of validation samples/);
  });

  it("are what compress trains shared values on, with their labels or with what the model itself says", async () => {
    const net = [at("colours.onnx"), ...how];
    const small = ["--bits", "3", "--epochs", "1", "--batch", "8", "--out", at("small.esp"), "--json"];
    const given = JSON.parse((await espalier("compress", ...net, ...photographs(), ...small)).stdout);
    expect(given).toMatchObject({ labels: "given", layers: [{ name: "conv1", weights: 81, kept: 81 }] });
    const judged = await espalier("eval", at("small.esp"), ...photographs(), ...how, "--split", "test", "--json");
    expect(JSON.parse(judged.stdout).error).toBe(given.shared.testError);
    expect(given.baseline).toEqual({ validationError: 0, testError: 0 });

    const found = ["--max-loss", "20", "--epochs", "1", "--batch", "8", "--method", "entropy"];
    const out = ["--out", at("own.onnx"), "--format", "gather"];
    const run = await espalier("compress", ...net, ...loose(), ...found, ...out, "--json");
    expect(run.stderr).toMatch(/says as it came, as the samples have no targets\.\n/);
    const own = JSON.parse(run.stdout);
    expect(own).toMatchObject({ labels: "own", measure: { name: "argmax" }, baseline: { validation: 100, test: 100 } });
    expect(own.shared.validation).toBeGreaterThanOrEqual(80);
    const { initializers } = readModel(readFileSync(at("own.onnx")), "own");
    expect(initializers.get("shared/conv1.weight/codes")?.dtype).toBe("uint8");
    const text = await espalier("compress", ...net, ...loose(), "--bits", "8", "--epochs", "0", "--out", at("own.esp"));
    expect(text.stdout).toMatch(/test argmax +100\.00% -> \d+\.\d\d%/);
  });

  it.each<[string, string[], RegExp]>([
    ["no target", [], /give one of --max-loss, --rate and --density/],
    ["two targets", ["--rate", "2", "--max-loss", "1"], /give one of --max-loss, --rate and --density/],
    ["training", ["--rate", "2", "--epochs", "3"], /leave out --epochs/],
  ])("without labels, with %s, are refused", async (_, options, message) => {
    const out = ["--out", at("never")];
    const refused = await espalier(
      "prune",
      at("net.onnx"),
      ...photographs(),
      ...out,
      ...how,
      "--unlabeled",
      ...options,
    );
    expect(refused.stderr).toMatch(message);
    expect([refused.status, refused.stdout]).toEqual([2, ""]);
  });

  it("of one channel are taken by networks with one", async () => {
    const { stdout } = await espalier("eval", at("grey.onnx"), ...photographs(), "--scale", "1/255", "--json");
    expect(JSON.parse(stdout).samples).toBe(60);
  });
});
