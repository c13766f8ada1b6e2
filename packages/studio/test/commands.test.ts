import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../espalier/src/cli/commands.ts";
import { codeFor, commandsOf } from "../src/commands.ts";
import type { Step } from "../src/steps.ts";

const prune: Step = {
  kind: "prune",
  way: "rate",
  rate: 10,
  maxLoss: 0,
  epochs: 6,
  teacher: "labels",
  seed: 1,
};
const mnist = { kind: "mnist", name: "MNIST sample", settings: {} } as const;

describe("commands", () => {
  it("are a command for each step, each on what the one before wrote", () => {
    const share: Step = { kind: "share", maxLoss: 1, guess: false };
    expect(commandsOf([prune, share], "lenet 5.onnx", mnist)).toEqual([
      "espalier prune 'lenet 5.onnx' --data mnist --out pruned --rate 10 --epochs 6 --seed 1",
      "espalier compress pruned/pruned.onnx --data mnist --out shared.esp --max-loss 1",
    ]);
  });

  it("imitate the network that came", () => {
    const retrain: Step = { kind: "retrain", epochs: 3, teacher: "imitate", seed: 2 };
    expect(commandsOf([retrain], "vad.onnx", { kind: "audio", name: "recordings", settings: { context: 64 } })).toEqual(
      [
        "espalier train vad.onnx --data audio:FOLDER --context 64 --out retrained.onnx --epochs 3 --seed 2 --task imitate --against vad.onnx",
      ],
    );
  });

  it("fix inputs, settle shapes, and prune without labels", () => {
    const simplify: Step = { kind: "simplify", fix: { sr: 16_000 }, shape: { input: [1, 576] } };
    const unlabeled: Step = { ...prune, way: "unlabeled", maxLoss: 1 };
    expect(commandsOf([simplify, unlabeled], "vad.onnx", undefined)).toEqual([
      "espalier simplify vad.onnx --out simple.onnx --fix sr=16000 --shape input=1x576",
      "espalier prune simple.onnx --out pruned --unlabeled --max-loss 1",
    ]);
  });

  it("remove units and quantize what is left, without inputs too", () => {
    const units: Step = { kind: "units", rate: 2, epochs: 3, teacher: "labels", seed: 1 };
    const quantize: Step = { kind: "quantize", to: "int8", maxLoss: 0.5, unseen: false };
    expect(commandsOf([units, quantize], "net.onnx", mnist)).toEqual([
      "espalier prune net.onnx --data mnist --out fewer --units --rate 2 --epochs 3 --seed 1",
      "espalier quantize fewer/pruned.onnx --data mnist --out quantized.onnx --to int8 --max-loss 0.5",
    ]);
    expect(commandsOf([{ ...quantize, to: "float16", unseen: true }], "net.onnx", undefined)).toEqual([
      "espalier quantize net.onnx --out quantized.onnx --to float16",
    ]);
  });

  it("say how pictures become the input", () => {
    const preprocessing = {
      resize: [48, 320],
      crop: [48, 320],
      channels: "BGR",
      mean: [127.5, 127.5, 127.5],
      scale: [0.5, 0.5, 0.5],
    } as const;
    const share: Step = { kind: "share", maxLoss: 4, epochs: 0, guess: false };
    expect(commandsOf([share], "rec.onnx", { kind: "images", name: "pictures", settings: {}, preprocessing })).toEqual([
      "espalier compress rec.onnx --data images:FOLDER --size 48x320 --channels BGR --mean 127.5,127.5,127.5 --scale 0.5,0.5,0.5 --out shared.esp --max-loss 4 --epochs 0",
    ]);
  });

  it("take the middle of pictures where the page does", () => {
    const usual = { crop: [224, 224], channels: "RGB", mean: [0], scale: [1] } as const;
    const sizes = (resize: number | readonly [number, number] | undefined) => {
      const inputs = { kind: "images", name: "pictures", settings: {}, preprocessing: { ...usual, resize } } as const;
      return commandsOf([prune], "net.onnx", inputs)[0].replace(/.*FOLDER (.*) --channels.*/, "$1");
    };
    expect(sizes(256)).toBe("--resize 256 --crop 224x224");
    expect(sizes([256, 300])).toBe("--resize 256x300 --crop 224x224");
    expect(sizes(undefined)).toBe("--crop 224x224");
  });

  it("have options that the command line has", async () => {
    const steps: readonly Step[] = [
      { kind: "simplify", fix: { sr: 16_000 }, shape: { input: [1, 576] } },
      { kind: "share", maxLoss: 1, epochs: 2, guess: false },
      ...(["rate", "loss", "unlabeled"] as const).map((way): Step => ({ ...prune, way, teacher: "imitate" })),
      { kind: "units", rate: 2, epochs: 3, teacher: "imitate", seed: 1 },
      { kind: "quantize", to: "int4", maxLoss: 1, unseen: false },
      { kind: "retrain", epochs: 3, teacher: "imitate", seed: 2 },
      { kind: "compact" },
    ];
    const preprocessing = { resize: 256, crop: [224, 224], channels: "RGB", mean: [0], scale: [1] } as const;
    const inputs = [
      { kind: "images", name: "pictures", settings: {}, preprocessing },
      { kind: "audio", name: "recordings", settings: { window: 512, hop: 256, context: 64, range: "int16" } },
    ] as const;
    for (const line of inputs.flatMap((own) => commandsOf(steps, "net.onnx", own))) {
      const [, name, ...words] = line.split(" ");
      const command = await COMMANDS.get(name)?.();
      const known = command?.options.map(({ long }) => long);
      for (const word of words.filter((word) => word.startsWith("--"))) expect(known, line).toContain(word);
    }
  });
});

describe("the lines of code", () => {
  it("feed each input an array of its type and size", () => {
    const inputs = [
      { name: "x", dtype: "float32", shape: [1, 3, "size", 4] },
      { name: "sr", dtype: "int64", shape: [] },
    ] as const;
    const code = codeFor({ name: "vad", inputs });
    expect(code).toContain('await fetch("vad.esp")');
    expect(code).toContain('"x": { dims: [1, 3, size, 4], data: new Float32Array(1 * 3 * size * 4) },');
    expect(code).toContain('"sr": { dims: [], data: new BigInt64Array(1) },');
  });
});
