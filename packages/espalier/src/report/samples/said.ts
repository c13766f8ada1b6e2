import type { Head } from "../../adoption/heads.ts";
import type { Judge } from "../../tasks/fidelity/choose.ts";
import { classesIn, collapsed } from "../../tasks/fidelity/positions.ts";
import { detections } from "../../tasks/fidelity/regions.ts";

/** What a network says of a sample, as people see it. */
export type Said =
  /** Corners [x1, y1, x2, y2], as parts of the picture. */
  | { readonly kind: "boxes"; readonly boxes: readonly (readonly number[])[] }
  /** Where something is: 1 in rows of so many. */
  | { readonly kind: "map"; readonly width: number; readonly height: number; readonly present: Uint8Array }
  | { readonly kind: "words"; readonly text: string };

/** What there is beside a network's outputs to say them in. */
export interface Vocabulary {
  /** The characters of a reader, from class 1 on; class 0 is the blank. */
  readonly characters?: readonly string[];
  /** The width and height of the picture, which boxes may be counted in. */
  readonly picture: readonly [number, number];
}

/**
 * What the outputs that one measure judges say of a sample; undefined for what has no picture.
 * @param values of each output of the network, for one sample
 */
export function said(
  { measure, outputs }: Pick<Judge, "measure" | "outputs">,
  heads: readonly Head[],
  values: readonly Float32Array[],
  vocabulary: Vocabulary,
): Said | undefined {
  const [head, own] = [heads[outputs[0]], values[outputs[0]]];
  switch (measure.name) {
    case "boxes":
      return { kind: "boxes", boxes: boxesOf(own, values[outputs[1]], head.classes, vocabulary.picture) };
    case "iou":
      return head.kind === "softmax" ? classMap(head, own) : mapOf(head, (i) => own[i] > 0.5);
    case "ctc":
      return { kind: "words", text: reading(collapsed(classesIn(own, head)), vocabulary.characters) };
    case "argmax":
      if (head.kind === "sigmoid") return { kind: "words", text: decisions(own) };
      return own.length === head.classes ? { kind: "words", text: best(head, own) } : classMap(head, own);
    case "decision":
      return { kind: "words", text: decisions(own) };
    default:
      return undefined;
  }
}

/** Returns true if there is something to see. */
export function saysSomething(own: Said): boolean {
  switch (own.kind) {
    case "boxes":
      return own.boxes.length > 0;
    case "map":
      return own.present.includes(1);
    case "words":
      return own.text !== "";
  }
}

function boxesOf(
  scores: Float32Array,
  corners: Float32Array,
  classes: number,
  [width, height]: readonly [number, number],
) {
  const found = detections(scores, corners, classes);
  // Of a few networks they are parts of the picture, of others pixels.
  const isPart = found.every((box) => box.every((value) => Math.abs(value) <= 2));
  const [right, down] = isPart ? [1, 1] : [width, height];
  return found.map(([x1, y1, x2, y2]) => [x1 / right, y1 / down, x2 / right, y2 / down]);
}

/** Where something is on a map, the last two axes. */
function mapOf({ shape }: Head, isPresent: (i: number) => boolean): Said | undefined {
  const [height, width] = shape.slice(-2);
  if (shape.length < 3 || height < 2 || width < 2) return undefined;
  return {
    kind: "map",
    width,
    height,
    present: Uint8Array.from({ length: width * height }, (_, i) => Number(isPresent(i))),
  };
}

/** Where the likeliest class is another than the first, the background. */
function classMap(head: Head, values: Float32Array): Said | undefined {
  const [height, width] = head.shape.slice(-2);
  // Classes lie on the axis before the map's.
  if (head.shape.length !== 4 || head.inner !== height * width) return undefined;
  const named = classesIn(values, head);
  return mapOf(head, (i) => named[i] > 0);
}

/** "class 7, 99.9%", or without the share where scores are no probabilities. */
function best({ kind, classes, inner }: Head, values: Float32Array): string {
  const [found] = classesIn(values, { classes, inner });
  if (kind !== "softmax") return `class ${found}`;
  return `class ${found}, ${percent(values[found])}`;
}

/** Those that are above one half; of a single one, yes or no. */
function decisions(values: Float32Array): string {
  if (values.length === 1) return `${values[0] > 0.5 ? "yes" : "no"}, ${percent(values[0])}`;
  const above = Array.from(values, (value, i) => (value > 0.5 ? [i] : [])).flat();
  return above.length === 0 ? "none" : shortened(above.join(", "));
}

/** What a sequence of classes spells; their numbers where nobody says which characters they are. */
function reading(classes: readonly number[], characters: readonly string[] | undefined): string {
  return characters ? classes.map((c) => characters[c - 1] ?? " ").join("") : shortened(`classes ${classes.join(" ")}`);
}

const LONGEST = 160;
const shortened = (text: string) => (text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text);

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
