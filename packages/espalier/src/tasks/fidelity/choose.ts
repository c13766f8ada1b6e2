import type { Head } from "../../adoption/heads.ts";
import { UserError } from "../../errors.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { choices } from "../../suggest.ts";
import { fidelityMeasures } from "./index.ts";
import type { FidelityMeasure } from "./measure.ts";
import { argmax, ctc, decision, same } from "./positions.ts";
import { boxes, boxesAmong, iou } from "./regions.ts";
import { cosine, relativeError } from "./vectors.ts";

/** A measure with the outputs that it judges, by their places. */
export interface Judge {
  readonly measure: FidelityMeasure;
  readonly outputs: readonly number[];
  /** Whether its value counts for the fidelity of the network; else it is only told. */
  readonly counts: boolean;
  /** Why it was chosen, where nobody asked for it. */
  readonly why?: string;
}

/** How scores of classes are called. */
const SCORES = /logit|score|prob|class|pred/i;

/** A part of the steps from which class 0 is taken for a blank. */
const MOSTLY = 0.5;

/**
 * By what each output is compared: what was asked for, else what follows from what the output is.
 * @param blanks the part of an output's positions, by its place, at which class 0 is the likeliest
 * @throws UserError for a measure that is none, or that can judge no output
 */
export function judgesFor(
  heads: readonly Head[],
  wanted: string | undefined,
  blanks: (output: number) => number,
): readonly Judge[] {
  return wanted === undefined ? byKind(heads, blanks) : byName(heads, wanted);
}

function byName(heads: readonly Head[], wanted: string): Judge[] {
  const measure = fidelityMeasures.get(wanted);
  if (!measure) {
    throw new UserError(
      `There is no measure "${wanted}" of how far outputs are the same: ${choices(wanted, fidelityMeasures.keys())}.`,
    );
  }
  const list = heads.map(({ name, kind, shape }) => `"${name}" (${kind}, [${shape}])`).join(", ");
  if (measure.together) {
    const pair = boxesAmong(heads);
    if (pair) return [{ measure, outputs: pair, counts: true }, ...told(heads, pair)];
    throw new UserError(
      `${measure.name} judges scores [batch, boxes, classes] behind a Softmax or Sigmoid with boxes [batch, boxes, 4], and the outputs are ${list}: choose another measure.`,
    );
  }
  const places = heads.flatMap((head, i) => (measure.fits(head) ? [i] : []));
  const meant = places.filter((i) => measure.suits(heads[i]));
  const judged = meant.length > 0 ? meant : places;
  if (judged.length === 0) {
    throw new UserError(`${measure.name} can judge none of the outputs ${list}: choose another measure.`);
  }
  return [...judged.map((output) => ({ measure, outputs: [output], counts: true })), ...told(heads, judged)];
}

function told(heads: readonly Head[], judged: readonly number[]): Judge[] {
  return heads.flatMap((_, i) =>
    judged.includes(i) ? [] : [{ measure: relativeError, outputs: [i], counts: false } satisfies Judge],
  );
}

function byKind(heads: readonly Head[], blanks: (output: number) => number): Judge[] {
  const pair: readonly number[] = boxesAmong(heads) ?? [];
  const together: Judge[] =
    pair.length > 0 ? [{ measure: boxes, outputs: pair, counts: true, why: "they are scores and boxes" }] : [];
  const others = heads.flatMap((head, i): Judge[] =>
    pair.includes(i) ? [] : [{ ...forHead(head, () => blanks(i)), outputs: [i], counts: true }],
  );
  return [...together, ...others];
}

function forHead(head: Head, blanks: () => number): Pick<Judge, "measure" | "why"> {
  const { name, kind, shape, classes, dense } = head;
  const sample = shape.slice(1);
  switch (kind) {
    case "softmax":
    case "log-softmax": {
      const part = sample.length === 2 && classes > 2 ? blanks() : 0;
      if (part <= MOSTLY) return { measure: argmax, why: "it ends in a Softmax" };
      const percent = Math.round(100 * part);
      return {
        measure: ctc,
        why: `it ends in a Softmax for each step, of which ${percent}% name class 0, as CTC's blank; argmax compares the steps`,
      };
    }
    case "sigmoid":
      if (sample.filter((size) => size > 1).length >= 2) return { measure: iou, why: "it ends in a Sigmoid, of a map" };
      return { measure: decision, why: "it ends in a Sigmoid" };
    case "values":
      if (classes > 1 && sizeOf(sample) === classes && (SCORES.test(name) || (dense && sample.length === 1))) {
        const by = SCORES.test(name) ? "its name is that of scores" : "a dense layer makes it, as scores of classes";
        return { measure: argmax, why: `${by}; cosine compares vectors` };
      }
      if (classes > 1 && sizeOf(sample) === classes) return { measure: cosine, why: "it is one vector" };
      return { measure: relativeError, why: "it is values" };
    case "whole":
      return { measure: same, why: "it is whole numbers" };
  }
}
