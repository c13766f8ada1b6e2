import { channelCount, type Preprocessing, preprocessingOf } from "../data/preprocessing.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { OptionsError } from "../options-error.ts";

/**
 * How photographs become the model's input: as its metadata says, or as is given here. The crop is the input's size where
 * neither says it, and what else is left out is RGB, no mean and the scale 1.
 * @param given what comes before what the metadata says
 * @returns undefined where nothing is said at all
 * @throws UserError when the metadata is not of the known form, or the size of the input is open
 */
export function preprocessingFor(model: Model, given: Partial<Preprocessing> = {}): Preprocessing | undefined {
  const { resize, crop, channels, mean, scale } = given;
  const stated = preprocessingOf(model.metadata);
  if (!stated && [resize, crop, channels, mean, scale].every((value) => value === undefined)) return undefined;
  const [count, ...size] = (fedInputs(model)[0]?.shape ?? []).slice(1);
  const [height, width] = size.map((dim) => (typeof dim === "number" ? dim : undefined));
  const area = crop ?? stated?.crop ?? (height && width ? ([height, width] as const) : undefined);
  if (!area) throw new OptionsError((o) => `The size of the network's input is open: give ${o("crop")}.`);
  const order = channels ?? stated?.channels ?? (count === 1 ? "GRAY" : "RGB");
  // What is stated in one order is given in the other where only the order is overridden.
  const ordered = (values: readonly number[]) =>
    stated && order !== stated.channels && order !== "GRAY" ? values.toReversed() : values;
  const each = (values: readonly number[]) =>
    values.length === 1 ? Array.from({ length: channelCount(order) }, () => values[0]) : values;
  return {
    resize: resize ?? stated?.resize,
    crop: area,
    channels: order,
    mean: each(mean ?? ordered(stated?.mean ?? [0])),
    scale: each(scale ?? ordered(stated?.scale ?? [1])),
  };
}
