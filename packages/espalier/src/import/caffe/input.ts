import { UserError } from "../../errors.ts";
import { OptionsError } from "../../options-error.ts";
import { BATCH, type Shape } from "./blob.ts";
import type { LayerParameter } from "./caffe_pb.ts";

/** What a layer of data does to the images that it feeds, as far as the prototxt says. */
export interface Transform {
  readonly cropSize?: number;
  /** One for all channels, or one for each. */
  readonly meanValue: readonly number[];
  /** The name of a file with a mean image. */
  readonly meanFile?: string;
  readonly scale: number;
}

/** What a prototxt whose images come from a database does not say of them. */
export interface ImageShape {
  readonly channels?: number;
  readonly size?: readonly [height: number, width: number];
}

/** Layers that feed images from files or databases, and behind them labels. */
const FROM_STORE = new Set(["Data", "ImageData", "HDF5Data", "WindowData"]);
/** Layers whose tops have the shapes that the prototxt states. */
const STATED = new Set(["Input", "DummyData", "MemoryData"]);

export const isInput = ({ type }: LayerParameter) => FROM_STORE.has(type) || STATED.has(type);

/** Whether a top of an input layer holds labels. */
export const isLabel = ({ type }: LayerParameter, top: number) =>
  top > 0 && (FROM_STORE.has(type) || type === "MemoryData");

/** The size of a batch that an input layer declares. */
export function declaredBatch(layer: LayerParameter): number | undefined {
  const [first] = statedShapes(layer);
  return first?.[0];
}

/**
 * The shape of one top of an input layer, with an open batch.
 * @param given what is known of images besides
 * @throws UserError when the size of images is not known
 */
export function inputShape(layer: LayerParameter, top: number, source: string, given: ImageShape): Shape {
  if (STATED.has(layer.type)) {
    const shapes = statedShapes(layer);
    const shape = shapes[shapes.length === 1 ? 0 : top];
    if (!shape || shape.length === 0)
      throw new UserError(
        `${source}: layer "${layer.name}" (${layer.type}) does not state the shape of "${layer.top[top]}": add it.`,
      );
    return [BATCH, ...shape.slice(1)];
  }
  const { cropSize, meanValue = [] } = transformOf(layer) ?? {};
  const { newHeight = 0, newWidth = 0, isColor = true } = layer.imageDataParam ?? {};
  const grey = layer.transformParam?.forceGray || !isColor;
  const channels = given.channels ?? (grey ? 1 : meanValue.length > 1 ? meanValue.length : 3);
  const stated = cropSize ? [cropSize, cropSize] : newHeight && newWidth ? [newHeight, newWidth] : undefined;
  const size = stated ?? given.size;
  if (!size) {
    throw new OptionsError(
      (o) =>
        `${source}: layer "${layer.name}" (${layer.type}) does not state the size of its images: give ${o("crop")}, and ${o("channels")} GRAY where they are grey.`,
    );
  }
  return [BATCH, channels, ...size];
}

function statedShapes({
  type,
  top,
  inputParam,
  dummyDataParam: dummy,
  memoryDataParam: memory,
}: LayerParameter): number[][] {
  if (type === "MemoryData" && memory) return [[memory.batchSize, memory.channels, memory.height, memory.width]];
  const shapes = type === "DummyData" ? dummy?.shape : inputParam?.shape;
  if (dummy && dummy.num.length > 0) {
    return top.map((_, i) =>
      [dummy.num, dummy.channels, dummy.height, dummy.width].map((list) => list[i] ?? list[0] ?? 0),
    );
  }
  return (shapes ?? []).map(({ dim }) => dim.map(Number));
}

/** What an input layer says that it does to images; the oldest files say it among the parameters of the data. */
export function transformOf({
  transformParam: transform,
  dataParam,
  imageDataParam,
}: LayerParameter): Transform | undefined {
  const old = dataParam ?? imageDataParam;
  if (!transform && !old) return undefined;
  return {
    cropSize: transform?.cropSize || old?.cropSize || undefined,
    meanValue: transform?.meanValue ?? [],
    meanFile: transform?.meanFile || old?.meanFile || undefined,
    scale: (transform?.scale ?? 1) * (old?.scale ?? 1),
  };
}
