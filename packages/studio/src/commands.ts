import type { Preprocessing } from "espalier";
import {
  type PruneStep,
  pruneOptions,
  quantizeOptions,
  retrainOptions,
  type Step,
  shareOptions,
  simplifyOptions,
  unitsOptions,
} from "./steps.ts";
import type { InputFacts, NetworkFacts } from "./told.ts";

/** A word as a shell takes it. */
const quoted = (word: string) => (/^[\w.,:=/@+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

const flag = (name: string) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** What stands for a folder or file that was dropped: a page does not know where it lies. */
const PLACES = { images: "images:FOLDER", audio: "audio:FOLDER" } as const;

/**
 * The commands that do the same in a terminal, one for each step.
 * @param source the name of the file that came
 */
export function commandsOf(
  steps: readonly Step[],
  source: string,
  inputs: Pick<InputFacts, "kind" | "name" | "settings" | "preprocessing"> | undefined,
): string[] {
  let file = source;
  return steps.map((step) => {
    const [before, made] = [file, fileOf(step)];
    file = made.file;
    const data = takesData(step) ? dataWords(inputs) : [];
    const words = ["espalier", made.command, quoted(before), ...data, "--out", made.out, ...optionWords(step, source)];
    return words.join(" ");
  });
}

function fileOf(step: Step): { readonly command: string; readonly out: string; readonly file: string } {
  const one = (command: string, out: string) => ({ command, out, file: out });
  switch (step.kind) {
    case "simplify":
      return one("simplify", "simple.onnx");
    case "share":
      return one("compress", "shared.esp");
    case "prune":
      return { command: "prune", out: "pruned", file: "pruned/pruned.onnx" };
    case "units":
      return { command: "prune", out: "fewer", file: "fewer/pruned.onnx" };
    case "quantize":
      return one("quantize", "quantized.onnx");
    case "retrain":
      return one("train", "retrained.onnx");
    case "compact":
      return one("compact", "compact.onnx");
  }
}

const takesData = (step: Step) =>
  step.kind === "prune" ||
  step.kind === "units" ||
  step.kind === "retrain" ||
  (step.kind === "share" && !step.guess) ||
  (step.kind === "quantize" && !step.unseen);

function optionWords(step: Step, source: string): string[] {
  switch (step.kind) {
    case "simplify":
      return simplifyWords(step);
    case "share":
      return words(shareOptions(step));
    case "prune":
      return [...unlabeled(step), ...words(defined(pruneOptions(step)))];
    case "units":
      return ["--units", ...words(unitsOptions(step))];
    case "quantize":
      return words(quantizeOptions(step));
    case "retrain":
      return [...words(retrainOptions(step)), ...(step.teacher === "imitate" ? ["--against", quoted(source)] : [])];
    case "compact":
      return [];
  }
}

const unlabeled = ({ way }: PruneStep) => (way === "unlabeled" ? ["--unlabeled"] : []);

const words = (options: Readonly<Record<string, string | number>>) =>
  Object.entries(options).flatMap(([name, value]) => [flag(name), quoted(String(value))]);

function simplifyWords(step: Extract<Step, { kind: "simplify" }>): string[] {
  const { fix = {}, shape = {} } = simplifyOptions(step);
  return [
    ...Object.entries(fix).flatMap(([name, value]) => ["--fix", quoted(`${name}=${value}`)]),
    ...Object.entries(shape).flatMap(([name, dims]) => ["--shape", quoted(`${name}=${dims.join("x")}`)]),
  ];
}

function dataWords(inputs: Parameters<typeof commandsOf>[2]): string[] {
  if (!inputs) return [];
  const { kind, name, settings, preprocessing } = inputs;
  switch (kind) {
    case "mnist":
      return ["--data", "mnist"];
    case "npz":
    case "text":
      return ["--data", quoted(`${kind}:${name}`)];
    case "random":
      return ["--data", "RANDOM-INPUTS.js"];
    case "images": {
      return ["--data", PLACES.images, ...(preprocessing ? pictureWords(preprocessing) : [])];
    }
    case "audio": {
      const { window, hop, context, range } = settings;
      return ["--data", PLACES.audio, ...words(defined({ window, hop, context, range }))];
    }
  }
}

function pictureWords({ resize, crop, channels, mean, scale }: Preprocessing): string[] {
  const area = crop.join("x");
  const resized = typeof resize === "object" ? resize.join("x") : resize;
  return [
    // What is stretched to all that is taken has one option for both.
    ...(resized === area ? ["--size", area] : [...(resized ? ["--resize", `${resized}`] : []), "--crop", area]),
    ...["--channels", channels],
    ...["--mean", mean.join()],
    ...["--scale", scale.join()],
  ];
}

function defined(options: Readonly<Record<string, string | number | undefined>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** The arrays that hold tensors of each element type in a page. */
const ARRAYS: ReadonlyMap<string, string> = new Map([
  ["float32", "Float32Array"],
  ["float64", "Float64Array"],
  ["int64", "BigInt64Array"],
  ["int32", "Int32Array"],
  ["uint8", "Uint8Array"],
  ["int8", "Int8Array"],
  ["bool", "Uint8Array"],
]);

/** The lines that load a network in a page and run it. */
export function codeFor({ name, inputs }: Pick<NetworkFacts, "name" | "inputs">): string {
  const feeds = inputs.map(({ name: input, dtype = "float32", shape = [] }) => {
    const dims = shape.map((dim, axis) => (typeof dim === "number" ? dim : axis === 0 ? 1 : (dim ?? "size")));
    const size = dims.length === 0 ? "1" : dims.join(" * ");
    return `  ${JSON.stringify(input)}: { dims: [${dims.join(", ")}], data: new ${ARRAYS.get(dtype) ?? "Float32Array"}(${size}) },`;
  });
  return [
    'import { Network } from "espalier-runtime";',
    "",
    `const file = await fetch(${JSON.stringify(`${name}.esp`)});`,
    "const network = await Network.load(await file.arrayBuffer());",
    "const outputs = network.run({",
    ...feeds,
    "});",
  ].join("\n");
}
