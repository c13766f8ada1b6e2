import { channelCount, type Layout, type Preprocessing, preprocessingOf } from "../data/preprocessing.ts";
import { type Dim, fedInputs, type Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";

/** What is given of a preprocessing. */
export interface GivenPreprocessing extends Partial<Preprocessing> {
  /** Height and width of the input, to which the whole picture is stretched: `resize` and `crop` in one. */
  readonly size?: readonly [number, number];
}

/** Whether a preprocessing that nobody states may be chosen, and who is told. */
export interface PreprocessingOptions {
  /** Whether what nobody says is chosen: for a network that is trained from scratch, or compared with itself alone. */
  readonly assume?: boolean;
  /** Is told what was chosen. */
  readonly onNote?: (text: string) => void;
}

/**
 * How photographs become the model's input: as its metadata says, or as is given here. The crop is the input's size where
 * neither says it, or all of what is stretched where that is open; and what else is left out is RGB, no mean and the scale 1; the layout is that of the input.
 *
 * Where nothing is said at all it may be chosen: the picture stretched to the input, of a square one its middle scaled by
 * the shorter side, and values of -1 to 1, or of 0 to 255 for a network that takes bytes.
 * @param given what comes before what the metadata says
 * @returns undefined where nothing is said at all, and nothing is to be chosen
 * @throws UserError when the metadata is not of the known form, or the size of the input is open
 */
export function preprocessingFor(
  model: Model,
  given: GivenPreprocessing = {},
  { assume = false, onNote }: PreprocessingOptions = {},
): Preprocessing | undefined {
  const { size, channels, mean, scale } = given;
  const resize = given.resize ?? size;
  const crop = given.crop ?? size;
  const stated = preprocessingOf(model.metadata);
  const silent = !stated && mean === undefined && scale === undefined;
  if (silent && !assume && [resize, crop, channels].every((value) => value === undefined)) return undefined;
  const [input] = fedInputs(model);
  const found = inputForm(input?.shape?.slice(1) ?? []);
  // A picture that is stretched to a height and a width has a size by that.
  const stretched = typeof resize === "object" ? resize : undefined;
  const area = crop ?? stated?.crop ?? found.area ?? stretched;
  if (!area) throw new OptionsError((o) => `The size of the network's input is open: give ${o("size")}.`);
  const order = channels ?? stated?.channels ?? (found.count === 1 ? "GRAY" : "RGB");
  // What is stated in one order is given in the other where only the order is overridden.
  const ordered = (values: readonly number[]) =>
    stated && order !== stated.channels && order !== "GRAY" ? values.toReversed() : values;
  const each = (values: readonly number[]) =>
    values.length === 1 ? Array.from({ length: channelCount(order) }, () => values[0]) : values;
  const layout = given.layout ?? stated?.layout ?? found.layout;
  const chosen = silent && assume ? assumed(area, resize, input?.dtype === "uint8") : undefined;
  const result: Preprocessing = {
    resize: resize ?? stated?.resize ?? chosen?.resize,
    crop: area,
    channels: order,
    mean: each(mean ?? ordered(stated?.mean ?? [chosen?.mean ?? 0])),
    scale: each(scale ?? ordered(stated?.scale ?? [chosen?.scale ?? 1])),
    ...(layout && { layout }),
  };
  if (chosen) {
    onNote?.(
      `Nothing says how photographs become the input, so this is chosen: ${chosen.text}, ${order}, ${chosen.values}.`,
    );
  }
  return result;
}

const MIDDLE = 127.5;

function assumed(
  [height, width]: readonly [number, number],
  given: Preprocessing["resize"],
  bytes: boolean,
): { resize: Preprocessing["resize"]; mean: number; scale: number; text: string; values: string } {
  const resize = given ?? (height === width ? height : ([height, width] as const));
  const scaled = typeof resize === "number";
  return {
    resize,
    mean: bytes ? 0 : MIDDLE,
    scale: bytes ? 1 : 1 / MIDDLE,
    text: scaled ? `the middle ${height}x${width} of a shorter side of ${resize}` : `stretched to ${resize.join("x")}`,
    values: bytes ? "values of 0 to 255" : `(value - ${MIDDLE}) / ${MIDDLE}`,
  };
}

/** What the shape of a sample tells: channels are 1 or 3, before the rows or behind the columns. */
function inputForm(sample: readonly Dim[]): {
  readonly count?: number;
  readonly area?: readonly [number, number];
  readonly layout?: Layout;
} {
  const isCount = (dim: Dim | undefined) => dim === 1 || dim === 3;
  const areaOf = ([height, width]: readonly Dim[]) =>
    typeof height === "number" && typeof width === "number" ? ([height, width] as const) : undefined;
  if (sample.length === 2) return { count: 1, area: areaOf(sample) };
  if (sample.length !== 3) return {};
  const [first, , last] = sample;
  if (!isCount(first) && isCount(last)) {
    return { count: Number(last), area: areaOf(sample), layout: "NHWC" };
  }
  return { count: typeof first === "number" ? first : undefined, area: areaOf(sample.slice(1)) };
}
