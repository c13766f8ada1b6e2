import { copyElements, fillElements } from "../../onnx/elements.ts";
import { type Random, random } from "../../random.ts";
import type { Dataset, Split } from "../dataset.ts";
import { divide, encode, type Vocabulary } from "../text/vocabulary.ts";
import { captionsOf, type Relation, type Scene } from "./describe.ts";
import { COLOURS, render, SHAPES, SIDE, SIZES, type Thing } from "./render.ts";

/** Ends a caption, and fills the steps behind it. */
export const END = "<end>";
/** Words that follow the picture; the longest caption and its end need no more. */
const LONGEST = 12;
/** The names of a sample's tensors. */
const IMAGE = "image";
const WORDS = "words";
const NEXT = "next";
const PIXELS = 3 * SIDE * SIDE;
const COUNTS = { train: 6000, validation: 500, test: 500 };

/** Pictures with captions, and all captions that would be right. */
export interface Scenes extends Dataset {
  readonly vocabulary: Vocabulary;
  /** The captions of each scene of a part. */
  readonly references: Readonly<Record<"train" | "validation" | "test", readonly (readonly string[])[]>>;
  /** The RGB picture [3, 32, 32], 0 to 255, of a scene of a part. */
  picture(part: keyof typeof COUNTS, scene: number): Uint8Array;
}

/**
 * A made-up set for captioning: one or two coloured shapes and what they are, drawn by a seed. A sample is the picture
 * [3, 32, 32], 0 to 1, and the words of one of its captions; its targets are those words from the first on, as the
 * picture comes before them, and {@link END}.
 */
export function openScenes(seed = 1): Scenes {
  const drawn = {
    train: draw(COUNTS.train, random(seed, "scenes", "train")),
    validation: draw(COUNTS.validation, random(seed, "scenes", "validation")),
    test: draw(COUNTS.test, random(seed, "scenes", "test")),
  };
  const words = [...new Set(drawn.train.flatMap(captionsOf).flatMap((caption) => divide(caption, "words")))].sort();
  const vocabulary: Vocabulary = { unit: "words", tokens: [END, ...words] };
  const part = (name: keyof typeof drawn) => splitOf(drawn[name], vocabulary);
  const references = (name: keyof typeof drawn) => drawn[name].map(captionsOf);
  return {
    name: "scenes",
    inputs: [
      { name: IMAGE, dtype: "float32", shape: [3, SIDE, SIDE] },
      { name: WORDS, dtype: "int64", shape: [LONGEST] },
    ],
    targets: [{ name: NEXT, dtype: "int32", shape: [LONGEST + 1] }],
    classes: vocabulary.tokens.length,
    vocabulary,
    train: part("train"),
    validation: part("validation"),
    test: part("test"),
    references: { train: references("train"), validation: references("validation"), test: references("test") },
    picture: (name, scene) => render(drawn[name][scene].things),
  };
}

function splitOf(scenes: readonly Scene[], vocabulary: Vocabulary): Split {
  const pictures = scenes.map(({ things }) => render(things));
  const captions = scenes.map((scene, i) => {
    const all = captionsOf(scene);
    return encode(divide(all[i % all.length], "words"), vocabulary, "The scene");
  });
  return {
    size: scenes.length,
    read(indices, { [IMAGE]: image, [WORDS]: words, [NEXT]: next }) {
      // END is the first token.
      for (const tokens of [words, next]) if (tokens) fillElements(tokens, 0);
      for (let i = 0; i < indices.length; i++) {
        const caption = captions[indices[i]];
        if (image instanceof Float32Array) {
          const pixels = pictures[indices[i]];
          for (let p = 0; p < PIXELS; p++) image[i * PIXELS + p] = pixels[p] / 255;
        }
        if (words) copyElements(caption, 0, caption.length, words, i * LONGEST);
        if (next) copyElements(caption, 0, caption.length, next, i * (LONGEST + 1));
      }
    },
  };
}

function draw(count: number, stream: Random): Scene[] {
  return Array.from({ length: count }, () => scene(stream));
}

function scene(stream: Random): Scene {
  if (stream.uniform() < 0.3) return { things: [thing(stream, [10, 22], [10, 22])] };
  const relation = one<Relation>(stream, ["above", "below", "left of", "right of"]);
  const [near, far, any]: Range[] = [
    [7, 10],
    [22, 25],
    [11, 21],
  ];
  const places = {
    above: [any, near, any, far],
    below: [any, far, any, near],
    "left of": [near, any, far, any],
    "right of": [far, any, near, any],
  };
  const [x1, y1, x2, y2] = places[relation];
  return { things: [thing(stream, x1, y1), thing(stream, x2, y2)], relation };
}

type Range = readonly [least: number, most: number];

function thing(stream: Random, x: Range, y: Range): Thing {
  return {
    shape: one(stream, SHAPES),
    colour: one(stream, Object.keys(COLOURS) as (keyof typeof COLOURS)[]),
    size: one(stream, Object.keys(SIZES) as (keyof typeof SIZES)[]),
    x: within(stream, x),
    y: within(stream, y),
  };
}

function within({ uniform }: Random, [least, most]: Range): number {
  return least + (most - least) * uniform();
}

function one<T>({ uniform }: Random, choices: readonly T[]): T {
  return choices[Math.floor(uniform() * choices.length)];
}
