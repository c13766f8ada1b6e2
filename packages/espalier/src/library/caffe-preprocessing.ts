import { channelCount, checkPreprocessing, type Preprocessing } from "../data/preprocessing.ts";
import { UserError } from "../errors.ts";
import type { Transform } from "../import/caffe/input.ts";
import type { Value } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";

/** What a prototxt may say of it: the layout is Caffe's own. */
type Stated = Exclude<keyof Preprocessing, "layout">;

/** How photographs become a network's input. */
export interface ChosenPreprocessing {
  readonly preprocessing: Preprocessing;
  /** What neither the caller nor the prototxt says, and is as most networks of Caffe's have it. */
  readonly assumed: readonly Stated[];
}

/** The mean of ImageNet, blue first. */
const IMAGENET_MEAN = [104, 117, 123];
/** Networks of these sides take the middle of an image of 256 x 256. */
const IMAGENET_SIDES = [224, 227];
const IMAGENET_SIZE = [256, 256] as const;

/**
 * Chooses how photographs become a network's input.
 * @param input the network's input
 * @param transform what the prototxt says
 * @param given what comes before that
 * @returns undefined where the input takes no images of one or three channels
 * @throws UserError when what is said does not fit the input
 */
export function choosePreprocessing(
  input: Value,
  transform: Transform | undefined,
  given: Partial<Preprocessing>,
): ChosenPreprocessing | undefined {
  const [, count, height, width, ...more] = input.shape ?? [];
  if ((count !== 1 && count !== 3) || typeof height !== "number" || typeof width !== "number" || more.length > 0) {
    if (Object.values(given).every((value) => value === undefined)) return undefined;
    throw new UserError(
      `The input "${input.name}" is [${input.shape}] and does not take photographs: leave out how they are prepared.`,
    );
  }
  const assumed: Stated[] = [];
  const assume = <T>(name: Stated, value: T): T => {
    assumed.push(name);
    return value;
  };
  const { crop = [height, width], channels = assume("channels", count === 1 ? "GRAY" : "BGR") } = given;
  if (crop.join() !== [height, width].join() || channelCount(channels) !== count) {
    throw new OptionsError(
      (o) =>
        `The input "${input.name}" takes ${count} channels of ${height}x${width}, not ${channels} ${crop.join("x")}: leave out ${o("crop")} and ${o("channels")}, or state the input in the prototxt.`,
    );
  }
  const whole = height === width && IMAGENET_SIDES.includes(height) ? IMAGENET_SIZE : ([height, width] as const);
  const each = (values: readonly number[]) =>
    values.length === 1 ? Array.from({ length: count }, () => values[0]) : values;
  const preprocessing = {
    resize: given.resize ?? assume("resize", whole),
    crop,
    channels,
    mean: each(given.mean ?? statedMean(transform) ?? assume("mean", count === 1 ? [0] : IMAGENET_MEAN)),
    scale: each(given.scale ?? (transform ? [transform.scale] : assume("scale", [1]))),
  };
  checkPreprocessing(preprocessing);
  return { preprocessing, assumed };
}

/** The mean that a prototxt states; undefined where it leaves it to a file. */
function statedMean(transform: Transform | undefined): readonly number[] | undefined {
  if (!transform || (transform.meanFile && transform.meanValue.length === 0)) return undefined;
  return transform.meanValue.length > 0 ? transform.meanValue : [0];
}
