import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PREPROCESSING_KEY } from "../../src/data/preprocessing.ts";
import { TrainedBlobSchema } from "../../src/import/caffe/caffe_pb.ts";
import { encodeDeepCompression } from "../../src/import/deep-compression/encode.ts";
import { readModel } from "../../src/onnx/read.ts";
import { caffemodelOf, imported, noise } from "../import/nets.ts";
import { espalier } from "./espalier.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-import-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const input = (shape: string) => `input: "data" input_shape { ${shape} }`;
const data = (transform: string) =>
  `layer { name: "data" type: "Data" top: "data" top: "label" transform_param { ${transform} } }`;
/** Two layers on any images, and a loss. */
const net = (from: string) => `name: "net" ${from}
  layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" convolution_param { num_output: 8 kernel_size: 3 pad: 1 } }
  layer { name: "norm" type: "LRN" bottom: "conv" top: "norm" lrn_param { local_size: 3 alpha: 0.1 } }
  layer { name: "pool" type: "Pooling" bottom: "norm" top: "pool" pooling_param { pool: AVE kernel_size: 3 stride: 2 } }
  layer { name: "relu" type: "ReLU" bottom: "pool" top: "pool" }
  layer { name: "drop" type: "Dropout" bottom: "pool" top: "pool" dropout_param { dropout_ratio: 0.1 } }
  layer { name: "fc" type: "InnerProduct" bottom: "pool" top: "fc" inner_product_param { num_output: 4 } }`;
const LOSS = 'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "fc" bottom: "label" top: "loss" }';
const PROB = 'layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }';

const deploy = net(input("dim: 10 dim: 1 dim: 4 dim: 4")) + PROB;

beforeAll(() => {
  writeFileSync(at("deploy.prototxt"), deploy);
  writeFileSync(at("net.caffemodel"), caffemodelOf(imported(deploy).weights.blobs));
  const shared = [
    {
      name: "conv",
      bits: 8 as const,
      weights: Float32Array.from({ length: 72 }, (_, i) => (i % 3 === 0 ? 0.5 : 0)),
      bias: new Float32Array(8),
    },
    {
      name: "fc",
      bits: 4 as const,
      weights: Float32Array.from({ length: 128 }, (_, i) => (i % 4 === 0 ? -0.5 : 0)),
      bias: new Float32Array(4),
    },
  ];
  writeFileSync(at("net.net"), encodeDeepCompression(shared));
  const [num, channels, height, width] = [1n, 3n, 2n, 2n];
  const mean = [1, 2, 3, 4, 10, 10, 10, 10, 0, 0, 0, 100];
  const blob = create(TrainedBlobSchema, {
    num,
    channels,
    height,
    width,
    data: [new Uint8Array(Float32Array.from(mean).buffer)],
  });
  writeFileSync(at("mean.binaryproto"), toBinary(TrainedBlobSchema, blob));
});

const importNet = (prototxt: string, ...options: string[]) =>
  espalier("import", "caffe", "--prototxt", at(prototxt), "--out", at("out.onnx"), ...options);
const caffemodel = () => ["--caffemodel", at("net.caffemodel")];

describe("import caffe", () => {
  it("writes a model that the other commands take", async () => {
    const { status, stdout } = await importNet("deploy.prototxt", ...caffemodel(), "--json");
    expect(status).toBe(0);
    const { layers, ...summary } = JSON.parse(stdout);
    expect(summary).toMatchObject({
      network: "net",
      parameters: 212,
      dropped: [],
      inputs: ["data"],
      outputs: ["prob"],
      file: at("out.onnx"),
    });
    expect(summary.bytes).toBe(readFileSync(at("out.onnx")).length);
    expect(
      layers.map(({ name, op, weights, density }: Record<string, unknown>) => [name, op, weights, density]),
    ).toEqual([
      ["conv", "Conv", 72, 1],
      ["fc", "Gemm", 128, 1],
    ]);
    const blobs = new URL("../blobs.ts", import.meta.url).pathname;
    writeFileSync(at("blobs.ts"), `export { blobs as default } from ${JSON.stringify(blobs)};`);
    const training = ["--epochs", "4", "--learning-rate", "0.1", "--json"];
    const trained = await espalier(
      "train",
      at("out.onnx"),
      "--data",
      at("blobs.ts"),
      "--out",
      at("trained.onnx"),
      ...training,
    );
    const before = await espalier("eval", at("out.onnx"), "--data", at("blobs.ts"), "--json");
    expect(JSON.parse(trained.stdout).testError).toBeLessThan(0.7 * JSON.parse(before.stdout).error);
  });

  it("writes over nothing that it reads", async () => {
    const mean = readFileSync(at("mean.binaryproto"));
    const read = ["import", "caffe", "--prototxt", at("deploy.prototxt"), ...caffemodel()];
    const file = at("mean.binaryproto");
    const { status, stderr } = await espalier(...read, "--mean", file, "--out", file);
    expect([status, stderr]).toEqual([2, expect.stringMatching(/would be written over a file that is read/)]);
    expect(readFileSync(file)).toEqual(mean);
  });

  it("says what came out, what was left out and what was assumed", async () => {
    writeFileSync(at("train.prototxt"), net(data("crop_size: 4 force_gray: true")) + LOSS);
    const { stdout } = await importNet("train.prototxt", "--deep-compression", at("net.net"));
    expect(stdout).toMatch(/conv +│ Conv +│ +72 │ +24 │ +33\.3%/);
    expect(stdout).toMatch(/fc +│ Gemm +│ +128 │ +32 │ +25\.0%/);
    expect(stdout).toMatch(/total +│ +│ +200 │ +56 │ +28\.0%/);
    expect(stdout).toMatch(/outputs {2}fc\nLeft out: loss \(SoftmaxWithLoss\)\./);
    expect(stdout).toMatch(/Photographs: stretched to 4x4, middle 4x4, GRAY, mean 0, scale 1\./);
    expect(stdout).toMatch(/was assumed: --channels GRAY --resize 4x4\./);
    expect(stdout).toMatch(/out\.onnx: 212 parameters, 56 not zero, [\d,]+ B\n$/);
  });

  const three = (from: string) => {
    const text = net(from);
    writeFileSync(at("three.prototxt"), text);
    writeFileSync(at("three.caffemodel"), caffemodelOf(imported(text, { size: [6, 6] }).weights.blobs));
    return ["--caffemodel", at("three.caffemodel"), "--json"];
  };

  it.each<[string, string, string[], object, string[]]>([
    [
      "of a deploy file, as is custom",
      input("dim: 1 dim: 3 dim: 227 dim: 227"),
      [],
      { resize: [256, 256], crop: [227, 227], channels: "BGR", mean: [104, 117, 123], scale: [1, 1, 1] },
      ["--channels BGR", "--resize 256x256", "--mean 104,117,123", "--scale 1"],
    ],
    [
      "of small images, whole",
      input("dim: 1 dim: 3 dim: 6 dim: 5"),
      ["--mean", "1/2,2,3", "--scale", "1/4", "--channels", "RGB"],
      { resize: [6, 5], crop: [6, 5], channels: "RGB", mean: [0.5, 2, 3], scale: [0.25, 0.25, 0.25] },
      ["--resize 6x5"],
    ],
    [
      "as the prototxt says",
      data("crop_size: 6 mean_value: 9 scale: 0.5 mirror: true"),
      ["--resize", "8"],
      { resize: 8, crop: [6, 6], channels: "BGR", mean: [9, 9, 9], scale: [0.5, 0.5, 0.5] },
      ["--channels BGR"],
    ],
    [
      "without a mean, where the prototxt has none",
      data("crop_size: 6"),
      ["--resize", "6x6", "--channels", "BGR"],
      { resize: [6, 6], crop: [6, 6], channels: "BGR", mean: [0, 0, 0], scale: [1, 1, 1] },
      [],
    ],
    [
      "with ImageNet's mean, where the prototxt names a file",
      data('crop_size: 6 mean_file: "imagenet_mean.binaryproto"'),
      ["--resize", "6x6", "--channels", "BGR"],
      { mean: [104, 117, 123] },
      ["--mean 104,117,123"],
    ],
    [
      "with the mean of a file",
      data("mean_value: 5"),
      ["--crop", "6", "--mean", "FILE"],
      { crop: [6, 6], mean: [2.5, 10, 25] },
      ["--channels BGR", "--resize 6x6"],
    ],
  ])("writes the preprocessing into the model %s", async (_, from, options, expected, assumed) => {
    const given = options.map((option) => (option === "FILE" ? at("mean.binaryproto") : option));
    const { stdout, stderr } = await importNet("three.prototxt", ...three(from), ...given);
    expect(stderr).toBe("");
    const { metadata } = readModel(readFileSync(at("out.onnx")));
    expect(JSON.parse(metadata.get(PREPROCESSING_KEY) ?? "")).toMatchObject(expected);
    expect(JSON.parse(stdout)).toMatchObject({ preprocessing: expected, assumed });
  });

  it("writes none for what takes no photographs", async () => {
    const text =
      'input: "x" input_shape { dim: 1 dim: 5 } layer { name: "fc" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 2 } }';
    writeFileSync(at("rows.prototxt"), text);
    writeFileSync(at("rows.caffemodel"), caffemodelOf(new Map([["fc", [noise([2, 5], 1), noise([2], 2)]]])));
    const { stdout } = await importNet("rows.prototxt", "--caffemodel", at("rows.caffemodel"), "--json");
    expect(JSON.parse(stdout).preprocessing).toBeUndefined();
    const refused = await importNet("rows.prototxt", "--caffemodel", at("rows.caffemodel"), "--scale", "2");
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringMatching(/does not take photographs/)]);
  });
});

describe("a mistake", () => {
  beforeAll(() => {
    writeFileSync(at("unknown.prototxt"), net(input("dim: 1 dim: 1 dim: 4 dim: 4")).replace("LRN", "Python"));
    writeFileSync(at("broken.prototxt"), deploy.slice(0, -2));
    writeFileSync(at("store.prototxt"), net(data("scale: 0.5")));
    writeFileSync(at("short.net"), readFileSync(at("net.net")).subarray(0, -1));
    writeFileSync(at("long.net"), Buffer.concat([readFileSync(at("net.net")), Buffer.alloc(1)]));
    writeFileSync(at("other.caffemodel"), caffemodelOf(new Map([["fc", [noise([2, 5], 1), noise([2], 2)]]])));
  });

  it.each<[string, string, string[], RegExp]>([
    ["no weights", "deploy.prototxt", [], /give them with --caffemodel or --deep-compression/],
    [
      "weights twice",
      "deploy.prototxt",
      ["--caffemodel", "net.caffemodel", "--deep-compression", "net.net"],
      /cannot be used with/,
    ],
    [
      "no such prototxt",
      "nowhere.prototxt",
      ["--caffemodel", "net.caffemodel"],
      /Cannot read .*nowhere\.prototxt: there is no such file/,
    ],
    ["no such weights", "deploy.prototxt", ["--caffemodel", "nowhere"], /Cannot read .*nowhere: there is no such file/],
    [
      "a prototxt cut short",
      "broken.prototxt",
      ["--caffemodel", "net.caffemodel"],
      /broken\.prototxt, line \d+: the text ends before a "}"/,
    ],
    [
      "files in the wrong places",
      "net.caffemodel",
      ["--caffemodel", "deploy.prototxt"],
      /net\.caffemodel, line 1: .*give a network's prototxt/,
    ],
    [
      "an unknown layer",
      "unknown.prototxt",
      ["--caffemodel", "net.caffemodel"],
      /layer "norm" \(Python\) is of a type that cannot be imported/,
    ],
    [
      "a caffemodel of another network",
      "deploy.prototxt",
      ["--caffemodel", "other.caffemodel"],
      /other\.caffemodel has for layer "conv" \(Convolution\) 0 blobs/,
    ],
    [
      "a .net file that is too short",
      "deploy.prototxt",
      ["--deep-compression", "short.net"],
      /short\.net has \d+ bytes where its counts ask for \d+: it is cut short/,
    ],
    ["a .net file that is too long", "deploy.prototxt", ["--deep-compression", "long.net"], /it is too long/],
    [
      "a caffemodel for a .net file",
      "deploy.prototxt",
      ["--deep-compression", "net.caffemodel"],
      /net\.caffemodel (counts|has) /,
    ],
    [
      "images of unknown size",
      "store.prototxt",
      ["--caffemodel", "net.caffemodel"],
      /does not state the size of its images: give --crop/,
    ],
    [
      "another crop than the input",
      "deploy.prototxt",
      ["--caffemodel", "net.caffemodel", "--crop", "5"],
      /takes 1 channels of 4x4, not GRAY 5x5/,
    ],
    [
      "other channels than the input",
      "deploy.prototxt",
      ["--caffemodel", "net.caffemodel", "--channels", "BGR"],
      /not BGR 4x4/,
    ],
    [
      "too many means",
      "deploy.prototxt",
      ["--caffemodel", "net.caffemodel", "--mean", "1,2,3"],
      /mean of GRAY images is 1,2,3: give 1/,
    ],
    [
      "a mean file that is none",
      "deploy.prototxt",
      ["--caffemodel", "net.caffemodel", "--mean", "deploy.prototxt"],
      /deploy\.prototxt is not a mean image/,
    ],
    [
      "an option that is none",
      "deploy.prototxt",
      ["--caffemodel", "net.caffemodel", "--nonsense"],
      /unknown option .--nonsense./,
    ],
  ])("%s ends with one sentence and status 2", async (_, prototxt, options, message) => {
    rmSync(at("out.onnx"), { force: true });
    const files = new Set([
      "net.caffemodel",
      "net.net",
      "nowhere",
      "other.caffemodel",
      "short.net",
      "long.net",
      "deploy.prototxt",
    ]);
    const { status, stdout, stderr } = await importNet(
      prototxt,
      ...options.map((option) => (files.has(option) ? at(option) : option)),
    );
    expect(stderr).toMatch(message);
    expect([status, stdout, stderr.trim().split("\n").length]).toEqual([2, "", 1]);
    expect(stderr).toMatch(/^espalier: /);
    expect(existsSync(at("out.onnx"))).toBe(false);
  });
});
