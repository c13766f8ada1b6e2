import type { Head } from "../../adoption/heads.ts";
import type { FidelityMeasure } from "./measure.ts";

/** Above it, a probability says that something is there. */
const PRESENT = 0.5;

/**
 * Intersection over union of all that is above 0.5: both summed over all samples. Of a distribution class 0, the
 * background, is left out, as it is nearly everywhere.
 */
export const iou: FidelityMeasure = {
  name: "iou",
  better: "higher",
  fits: ({ kind }) => kind !== "whole" && kind !== "log-softmax",
  suits: ({ kind }) => kind !== "values",
  comparison([{ kind, classes, inner }]) {
    const skipped = kind === "softmax" && classes > 1 ? inner : 0;
    const period = classes * inner;
    return ([output], [target]) => {
      let part = 0;
      let whole = 0;
      for (let i = 0; i < target.length; i++) {
        if (skipped > 0 && i % period < skipped) continue;
        // A number that is none is on no side, so it is in the union alone.
        const [own, wanted] = [!(output[i] <= PRESENT), target[i] > PRESENT];
        if (own || wanted) whole++;
        if (own && wanted && !Number.isNaN(output[i])) part++;
      }
      return { part, whole };
    };
  },
};

/** What a detector reports: a score above the first, and of boxes that overlap by more than the second the best. */
const SCORE = 0.7;
const OVERLAP = 0.3;
/** How far two networks' boxes must overlap to be one. */
const MATCH = 0.5;

/** A box by its corners, [x1, y1, x2, y2]. */
type Box = ArrayLike<number>;

/**
 * The same detections: twice the boxes that both networks report, over all boxes of both. A box is reported for a score
 * of 0.7 after suppressing those that overlap a better one by more than 0.3; boxes are paired one to one, those that
 * overlap most first, where they overlap by 0.5 at least. The scores are [boxes, classes], class 0 the background, or
 * [boxes, 1]; the boxes [boxes, 4], by their corners.
 */
export const boxes: FidelityMeasure = {
  name: "boxes",
  better: "higher",
  together: "boxes",
  fits: (head) => isBoxes(head) || isScores(head),
  suits: () => true,
  comparison: ([{ classes }]) => {
    return ([ownScores, ownBoxes], [scores, wantedBoxes]) => {
      const own = detections(ownScores, ownBoxes, classes);
      const wanted = detections(scores, wantedBoxes, classes);
      return { part: 2 * matches(own, wanted), whole: own.length + wanted.length };
    };
  },
};

/** The scores and the boxes among a network's outputs, in this order; undefined where there is no one such pair. */
export function boxesAmong(heads: readonly Head[]): readonly [number, number] | undefined {
  const pairs = heads.flatMap((scores, i) =>
    heads.flatMap((corners, j) =>
      i !== j && isScores(scores) && isBoxes(corners) && countOf(scores) === countOf(corners) ? [[i, j] as const] : [],
    ),
  );
  return pairs.length === 1 ? pairs[0] : undefined;
}

const isBoxes = ({ kind, shape }: Head) => kind === "values" && shape.length === 3 && shape[2] === 4;

const isScores = ({ kind, shape, inner }: Head) =>
  shape.length === 3 && inner === 1 && (kind === "softmax" || kind === "sigmoid");

const countOf = ({ shape }: Head) => shape[1];

/** The boxes that a network reports for one sample, the best first. */
export function detections(scores: Float32Array, corners: Float32Array, classes: number): Float32Array[] {
  const count = scores.length / classes;
  const found: { readonly score: number; readonly box: Float32Array }[] = [];
  for (let i = 0; i < count; i++) {
    let score = scores[i * classes + (classes > 1 ? 1 : 0)];
    for (let c = 2; c < classes; c++) score = Math.max(score, scores[i * classes + c]);
    if (score > SCORE) found.push({ score, box: corners.subarray(4 * i, 4 * i + 4) });
  }
  found.sort((a, b) => b.score - a.score);
  const kept: Float32Array[] = [];
  for (const { box } of found) if (kept.every((other) => overlap(box, other) <= OVERLAP)) kept.push(box);
  return kept;
}

/** How many pairs there are of boxes that overlap, each box in one pair at most. */
export function matches(own: readonly Box[], wanted: readonly Box[]): number {
  const pairs = own.flatMap((a, i) => wanted.map((b, j) => ({ i, j, overlap: overlap(a, b) })));
  const [usedOwn, usedWanted] = [new Set<number>(), new Set<number>()];
  for (const { i, j, overlap } of pairs.sort((a, b) => b.overlap - a.overlap)) {
    if (!(overlap >= MATCH)) break;
    if (usedOwn.has(i) || usedWanted.has(j)) continue;
    usedOwn.add(i);
    usedWanted.add(j);
  }
  return usedOwn.size;
}

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (!(width > 0 && height > 0)) return 0;
  const common = width * height;
  return common / (areaOf(a) + areaOf(b) - common);
}

const areaOf = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
