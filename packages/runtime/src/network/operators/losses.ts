import { oneOf, optionalInt } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, optional, type Planning, type Step, type Value } from "../operator.ts";
import { placeAt } from "./gather.ts";
import { FLOAT, INDICES } from "./types.ts";

type Float = Value<"float32">;

interface Labelled {
  readonly scores: Float;
  readonly labels: Value<"int64" | "int32">;
  readonly weights: Float | undefined;
}

/**
 * -w[label] times the (logarithm of the softmax of the) score of the label, for each place of [batch, classes, ...places];
 * the mean is over the sum of the weights.
 */
function loss(
  context: Planning,
  { scores, labels, weights }: Labelled,
  reduction: "mean" | "sum" | "none",
  ignored: number | undefined,
  softmax: boolean,
): Step {
  const [batch, classes, ...places] = scores.dims;
  if (scores.dims.length < 2 || labels.dims.join() !== [batch, ...places].join()) {
    context.wrong(`has labels [${labels.dims}] for scores [${scores.dims}]`);
  }
  if (weights && weights.dims.join() !== String(classes))
    context.wrong(`weights ${classes} classes by [${weights.dims}]`);
  const plane = sizeOf(places);
  const result = context.view(context.output("float32", reduction === "none" ? labels.dims : []));
  const logarithms = context.wants(1) ? context.view(context.output("float32", scores.dims, { index: 1 })) : undefined;
  const [view, asked, factors] = [context.view(scores), context.view(labels), weights && context.view(weights)];
  const line = new Float64Array(classes);
  return () => {
    const [from, classOf, by, to, log] = [view(), asked(), factors?.(), result(), logarithms?.()];
    let [sum, weight] = [0, 0];
    for (let i = 0; i < batch * plane; i++) {
      const start = Math.floor(i / plane) * classes * plane + (i % plane);
      for (let c = 0; c < classes; c++) line[c] = from[start + c * plane];
      if (softmax) logSoftmax(line);
      if (log) for (let c = 0; c < classes; c++) log[start + c * plane] = line[c];
      const label = Number(classOf[i]);
      const counted = label !== ignored;
      const place = counted ? placeAt(label, classes) : 0;
      const w = counted ? (by ? by[place] : 1) : 0;
      const own = counted ? -line[place] * w : 0;
      if (reduction === "none") to[i] = own;
      sum += own;
      weight += w;
    }
    if (reduction !== "none") to[0] = reduction === "mean" ? sum / weight : sum;
  };
}

function logSoftmax(line: Float64Array): void {
  const most = line.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = line.reduce((total, x) => total + Math.exp(x - most), 0);
  for (let i = 0; i < line.length; i++) line[i] -= most + Math.log(sum);
}

const inputs = { scores: needed(FLOAT), labels: needed(INDICES), weights: optional(FLOAT) };
const attributes = { reduction: oneOf("mean", "sum", "none"), ignore_index: optionalInt() };

/** Losses of classifiers. */
export const lossOperators: Operators = {
  NegativeLogLikelihoodLoss: operator({
    since: 12,
    inputs,
    attributes,
    plan: (context) =>
      loss(context, context.inputs, context.attributes.reduction, context.attributes.ignore_index, false),
  }),
  SoftmaxCrossEntropyLoss: operator({
    since: 12,
    inputs,
    attributes,
    outputs: 2,
    plan: (context) =>
      loss(context, context.inputs, context.attributes.reduction, context.attributes.ignore_index, true),
  }),
};
