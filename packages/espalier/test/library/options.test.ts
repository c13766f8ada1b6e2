import { Option } from "commander";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { flag, wordsOf } from "../../src/cli/command.ts";
import { compressOptions } from "../../src/library/compress.ts";
import { demoOptions } from "../../src/library/demo.ts";
import { evaluateOptions } from "../../src/library/evaluate.ts";
import { caffeOptions, dataOptions } from "../../src/library/options/data.ts";
import { engineOptions } from "../../src/library/options/engine.ts";
import { checkOptions, metaOf, type Shape } from "../../src/library/options/option.ts";
import {
  prunePlanOptions,
  pruneSearchOptions,
  pruneUnlabeledOptions,
  scanOptions,
} from "../../src/library/options/pruning.ts";
import { reproduceOptions } from "../../src/library/reproduce.ts";
import { trainOptions } from "../../src/library/train.ts";
import { nearest } from "../../src/suggest.ts";

const shapes: Readonly<Record<string, Shape>> = {
  compressOptions,
  demoOptions,
  evaluateOptions,
  caffeOptions,
  dataOptions,
  engineOptions,
  prunePlanOptions,
  pruneSearchOptions,
  pruneUnlabeledOptions,
  scanOptions,
  reproduceOptions,
  trainOptions,
};

describe("an option's schema", () => {
  it.each(Object.entries(shapes))("says all of each of %s", (_, shape) => {
    for (const [name, schema] of Object.entries(shape)) {
      expect(metaOf(schema).help.length, name).toBeGreaterThan(5);
      expect(new Option(flag(name)).attributeName()).toBe(name);
    }
  });

  it.each<[string, Shape, string, string]>([
    ["density", prunePlanOptions, "conv*=0.5,fc1=0.08", "--density conv*=0.5,fc1=0.08"],
    ["bits", compressOptions, "5", "--bits 5"],
    ["bits", compressOptions, "conv*=8,fc*=5", "--bits conv*=8,fc*=5"],
    ["densities", scanOptions, "1,0.5,0.1", "--densities 1,0.5,0.1"],
    ["resize", dataOptions, "256", "--resize 256"],
    ["resize", dataOptions, "256x224", "--resize 256x224"],
    ["crop", dataOptions, "224", "--crop 224x224"],
    ["mean", dataOptions, "104,117,123", "--mean 104,117,123"],
    ["mean", caffeOptions, "mean.binaryproto", "--mean mean.binaryproto"],
    ["scale", dataOptions, "1/4", "--scale 0.25"],
    ["through", dataOptions, "a/mel.onnx*0.1+2", "--through a/mel.onnx*0.1+2"],
    ["through", dataOptions, "mel.esp*-2-1e-3", "--through mel.esp*-2-0.001"],
    ["through", dataOptions, "mel.onnx", "--through mel.onnx"],
  ])("reads %s and writes it again", (name, shape, text, written) => {
    const schema = shape[name];
    const value = metaOf(schema).notation?.read(text);
    expect(schema.safeParse(value).success).toBe(true);
    expect(wordsOf(name, schema, value).join(" ").replaceAll("'", "")).toBe(written);
  });

  it.each<[string, Shape, string]>([
    ["density", prunePlanOptions, "fc1"],
    ["density", prunePlanOptions, "=0.5"],
    ["bits", compressOptions, "9"],
    ["bits", compressOptions, "fc1=2.5"],
    ["densities", scanOptions, "0.5,,1"],
    ["crop", dataOptions, "8x8x8"],
    ["parts", dataOptions, "0.5,0.5"],
    ["scale", dataOptions, "1/0"],
    ["through", dataOptions, "mel.onnx*x"],
    ["through", dataOptions, "mel.wav"],
  ])("refuses %s that says nothing", (name, shape, text) => {
    const schema = shape[name];
    expect(schema.safeParse(metaOf(schema).notation?.read(text)).success).toBe(false);
  });

  it("fills in defaults, and takes no other name", () => {
    const schema = z.object(scanOptions);
    expect(checkOptions(schema, { layers: ["fc*"] })).toMatchObject({ retrain: 0, seed: 1, layers: ["fc*"] });
    expect(() => checkOptions(schema, { density: [1] })).toThrow(
      'There is no option "density" here: did you mean "densities"?',
    );
    expect(() => checkOptions(schema, { densities: [2] })).toThrow(
      'The option "densities" is not valid: a density is a number above 0 and up to 1.',
    );
  });
});

describe("what a name was meant to be", () => {
  it.each<[string, string | undefined]>([
    ["magnitud", "magnitude"],
    ["Tailor", "taylor"],
    ["fihser", "fisher"],
    ["quantum", undefined],
    ["m", undefined],
  ])("%s: %s", (name, meant) => {
    expect(nearest(name, ["magnitude", "taylor", "fisher"])).toBe(meant);
  });
});

describe("the library", () => {
  it("asks nothing of Node", async () => {
    const entry = new URL("../../src/index.ts", import.meta.url).pathname;
    const { errors } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      platform: "browser",
      format: "esm",
      logLevel: "silent",
      external: ["onnxruntime-web", "onnxruntime-common"],
    });
    expect(errors).toEqual([]);
  });
});
