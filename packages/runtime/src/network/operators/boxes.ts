import { int } from "../attributes.ts";
import { needed, type Operators, operator, optional } from "../operator.ts";
import { onlyOf } from "./shapes.ts";
import { FLOAT, INT64 } from "./types.ts";

/** Two opposite corners of a box, or its centre and its sizes, as its least and largest coordinates. */
function cornersOf(boxes: Float32Array, at: number, centred: boolean): [number, number, number, number] {
  const [a, b, c, d] = boxes.subarray(at, at + 4);
  if (centred) return [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

/** The intersection of two boxes over their union. */
function overlap(a: readonly number[], b: readonly number[]): number {
  const [height, width] = [0, 1].map((i) => Math.max(0, Math.min(a[i + 2], b[i + 2]) - Math.max(a[i], b[i])));
  const areas = [a, b].map(([top, left, bottom, right]) => (bottom - top) * (right - left));
  const shared = height * width;
  return areas.some((area) => area <= 0) || shared <= 0 ? 0 : shared / (areas[0] + areas[1] - shared);
}

/** The best boxes of each class that overlap none better by more than a threshold, as [image, class, box]. */
const nonMaxSuppression = operator({
  since: 10,
  inputs: {
    boxes: needed(FLOAT),
    scores: needed(FLOAT),
    count: optional(INT64),
    overlaps: optional(FLOAT),
    least: optional(FLOAT),
  },
  attributes: { center_point_box: int(0) },
  plan(context) {
    const { boxes, scores, count, overlaps, least } = context.inputs;
    const [batch, classes, places] = scores.dims;
    if (scores.dims.length !== 3 || boxes.dims.join() !== [batch, places, 4].join()) {
      context.wrong(`has boxes [${boxes.dims}] and scores [${scores.dims}]`);
    }
    const [corners, score] = [context.known(boxes), context.known(scores)];
    const most = count ? Number(onlyOf(context, "max_output_boxes_per_class", count)) : 0;
    const limit = overlaps ? onlyOf(context, "iou_threshold", overlaps) : 0;
    const threshold = least ? onlyOf(context, "score_threshold", least) : Number.NEGATIVE_INFINITY;
    if (!(limit >= 0 && limit <= 1)) context.wrong(`allows an overlap of ${limit}`);
    const found: number[] = [];
    for (let n = 0; n < batch; n++) {
      const all = Array.from({ length: places }, (_, i) =>
        cornersOf(corners, (n * places + i) * 4, context.attributes.center_point_box === 1),
      );
      for (let c = 0; c < classes; c++) {
        const start = (n * classes + c) * places;
        const order = [...all.keys()].filter((i) => score[start + i] > threshold);
        order.sort((i, j) => score[start + j] - score[start + i] || i - j);
        const kept: number[] = [];
        for (const i of order) {
          if (kept.length >= most) break;
          if (kept.every((k) => overlap(all[i], all[k]) <= limit)) kept.push(i);
        }
        for (const i of kept) found.push(n, c, i);
      }
    }
    const output = context.view(context.output("int64", [found.length / 3, 3]));
    output().set(found.map(BigInt));
    return undefined;
  },
});

/** Choice of boxes. */
export const boxOperators: Operators = { NonMaxSuppression: nonMaxSuppression };
