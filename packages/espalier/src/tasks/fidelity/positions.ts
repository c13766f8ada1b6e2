import type { Head } from "../../adoption/heads.ts";
import type { FidelityMeasure } from "./measure.ts";

const isDistribution = ({ kind }: Head) => kind === "softmax" || kind === "log-softmax";

/** The class that each position of a sample names; -1 where a score is not a number, which is no class. */
export function classesIn(values: Float32Array, { classes, inner }: Pick<Head, "classes" | "inner">): Int32Array {
  const found = new Int32Array(values.length / classes);
  for (let position = 0; position < found.length; position++) {
    const first = Math.floor(position / inner) * classes * inner + (position % inner);
    let best = 0;
    let highest = values[first];
    let whole = !Number.isNaN(highest);
    for (let c = 1; c < classes; c++) {
      const value = values[first + c * inner];
      if (Number.isNaN(value)) whole = false;
      if (value > highest) [best, highest] = [c, value];
    }
    found[position] = whole ? best : -1;
  }
  return found;
}

/** Probabilities on the side of 0.5 on which they are to be. */
const decided = (outputs: readonly Float32Array[], targets: readonly Float32Array[]) => {
  const [[output], [target]] = [outputs, targets];
  let part = 0;
  for (let i = 0; i < target.length; i++) {
    if (Number.isNaN(output[i]) || Number.isNaN(target[i])) continue;
    if (output[i] > 0.5 === target[i] > 0.5) part++;
  }
  return { part, whole: target.length };
};

/** The same decision: values that are above 0.5 in both, or in neither, of all. */
export const decision: FidelityMeasure = {
  name: "decision",
  better: "higher",
  fits: ({ kind }) => kind === "sigmoid" || kind === "values",
  suits: ({ kind }) => kind === "sigmoid",
  comparison: () => decided,
};

/** The same class: positions whose highest score is that of the same class, of all; a probability says one of two. */
export const argmax: FidelityMeasure = {
  name: "argmax",
  better: "higher",
  fits: (head) => head.kind === "sigmoid" || (head.kind !== "whole" && head.classes > 1),
  suits: (head) => head.kind !== "values" || head.dense,
  comparison([head]) {
    if (head.kind === "sigmoid") return decided;
    return ([output], [target]) => {
      const [own, wanted] = [classesIn(output, head), classesIn(target, head)];
      let part = 0;
      for (let i = 0; i < wanted.length; i++) if (own[i] === wanted[i] && own[i] >= 0) part++;
      return { part, whole: wanted.length };
    };
  },
};

/** CTC's class of nothing (Graves et al., ICML 2006). */
const BLANK = 0;

/** How many positions name the blank, or a background: class 0. */
export function blanksIn(values: Float32Array, head: Pick<Head, "classes" | "inner">) {
  const named = classesIn(values, head);
  return { blanks: named.filter((c) => c === BLANK).length, all: named.length };
}

/** What the steps of a sample spell: repeated classes once, and blanks left out. */
export function collapsed(classes: Int32Array): number[] {
  return Array.from(classes).filter((c, i) => c !== BLANK && c !== classes[i - 1]);
}

/** The same reading: samples whose collapsed sequence of classes is the same, of all; class 0 is the blank. */
export const ctc: FidelityMeasure = {
  name: "ctc",
  better: "higher",
  fits: (head) => (isDistribution(head) || head.kind === "values") && head.classes > 1,
  suits: isDistribution,
  comparison:
    ([head]) =>
    ([output], [target]) => {
      const [own, wanted] = [classesIn(output, head), classesIn(target, head)];
      const same = !own.includes(-1) && collapsed(own).join() === collapsed(wanted).join();
      return { part: same ? 1 : 0, whole: 1 };
    },
};

/** Numbers that are exactly the same, of all. */
export const same: FidelityMeasure = {
  name: "same",
  better: "higher",
  fits: () => true,
  suits: () => true,
  comparison:
    () =>
    ([output], [target]) => {
      let part = 0;
      for (let i = 0; i < target.length; i++) if (output[i] === target[i]) part++;
      return { part, whole: target.length };
    },
};
