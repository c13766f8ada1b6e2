import { z } from "zod";
import type { Notation } from "./option.ts";

/** A notation of the values of a schema, which alone says what is valid. */
function notation<Value>(
  schema: z.ZodType<Value>,
  read: (text: string) => unknown,
  write: (value: Value) => string,
): Notation {
  return { read, write: (value) => write(schema.parse(value)) };
}

const toNumber = (text: string) => (text.trim() === "" ? Number.NaN : Number(text));

/** Numbers of layers, by name or glob. */
export type PerLayer = readonly (readonly [pattern: string, value: number])[];

const pairs = z.array(z.tuple([z.string().min(1), z.number()]).readonly()).readonly();

/** A number for layers by name or glob: `{ "conv*": 0.5, fc1: 0.08 }`, or pairs where their order is to be sure. */
export const perLayer = z
  .union([pairs, z.record(z.string().min(1), z.number())], {
    error: 'Write it as LAYER=NUMBER,... such as "conv*=0.5,fc1=0.08".',
  })
  .transform((given): PerLayer => (Array.isArray(given) ? given : Object.entries(given)));

/** "conv*=0.5,fc1=0.08" */
export const layerNumbers = notation(
  pairs,
  (text) =>
    text.split(",").map((part) => {
      const split = part.lastIndexOf("=");
      return [part.slice(0, Math.max(0, split)).trim(), toNumber(part.slice(split + 1))];
    }),
  (value) => value.map(([pattern, own]) => `${pattern}=${own}`).join(),
);

/** "5" for all layers, or "conv*=8,fc*=5". */
export const bitsOfLayers: Notation = {
  read: (text) => (text.includes("=") ? layerNumbers.read(text) : toNumber(text)),
  write: (value) => (typeof value === "number" ? String(value) : layerNumbers.write(value)),
};

const numbers = z.array(z.number());

/** "1,0.5,0.1" */
export const numberList = notation(
  numbers,
  (text) => text.split(",").map(toNumber),
  (value) => value.join(),
);

/** Numbers with commas between; 1/255 is one. */
export const fractions = notation(
  numbers,
  (text) =>
    text.split(",").map((part) => {
      const [above, below = "1", ...more] = part.split("/");
      return more.length > 0 ? Number.NaN : toNumber(above) / toNumber(below);
    }),
  (value) => value.join(),
);

/** "3x224x224" */
export const sizes = notation(
  numbers,
  (text) => text.split("x").map(toNumber),
  (value) => value.join("x"),
);

const byName = z.record(z.string(), z.union([z.number(), numbers]));

/** The entry of a text such as "NAME=VALUE". */
function entry(text: string, read: (value: string) => unknown): Readonly<Record<string, unknown>> {
  const split = text.lastIndexOf("=");
  return { [text.slice(0, Math.max(0, split)).trim()]: read(text.slice(split + 1)) };
}

/** "sr=16000", "x=1,2,3" or "training=false", for each name that is given. */
export const inputNumbers: Notation = {
  read: (text) =>
    entry(text, (value) => {
      const list = value
        .split(",")
        .map((each) => (/^(true|false)$/.test(each) ? Number(each === "true") : toNumber(each)));
      return list.length === 1 ? list[0] : list;
    }),
  write: (value) =>
    Object.entries(byName.parse(value))
      .map(([name, own]) => `${name}=${own}`)
      .join(" "),
};

/** "3x224x224" for one sample, or "x=1x3x224x224" for each input that is named. */
export const inputSizes: Notation = {
  read: (text) => (text.includes("=") ? entry(text, sizes.read) : sizes.read(text)),
  write: (value) =>
    Array.isArray(value)
      ? sizes.write(value)
      : Object.entries(z.record(z.string(), z.unknown()).parse(value))
          .map(([name, own]) => `${name}=${sizes.write(own)}`)
          .join(" "),
};

const area = z.tuple([z.number(), z.number()]);

/** "256x256", or "256" for both sides. */
export const sides = notation(
  area,
  (text) => {
    const [height, width = height, ...more] = text.split("x").map(toNumber);
    return [height, width, ...more];
  },
  (value) => value.join("x"),
);

/** "256x256", or "256" for the shorter side. */
export const sideOrArea = notation(
  z.union([z.number(), area]),
  (text) => {
    const given = text.split("x").map(toNumber);
    return given.length === 1 ? given[0] : given;
  },
  (value) => (typeof value === "number" ? String(value) : value.join("x")),
);

const stage = z.object({ file: z.string(), scale: z.number(), offset: z.number() });

/** "mel.onnx*0.1+2": a file, a factor of what it gives, and what is added then; both may be left out. */
export const fileScaled = notation(
  stage,
  (text) => {
    const [, file = "", scale = "1", offset = "0"] =
      /^(.+?\.(?:onnx|esp))(?:\*([^+]+?))?((?<!\*)[+-][\d.e+-]+)?$/.exec(text) ?? [];
    return { file, scale: toNumber(scale), offset: toNumber(offset) };
  },
  ({ file, scale, offset }) =>
    file + (scale === 1 ? "" : `*${scale}`) + (offset === 0 ? "" : `${offset < 0 ? "" : "+"}${offset}`),
);

/** Numbers with commas between, or else the name of a file. */
export const fractionsOrFile: Notation = {
  read: (text) => (/^[\d.,/e+-]+$/.test(text) ? fractions.read(text) : text),
  write: (value) => (typeof value === "string" ? value : fractions.write(value)),
};
