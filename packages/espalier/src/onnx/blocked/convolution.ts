import { attribute, int, ints } from "../attributes.ts";
import type { Node } from "../graph.ts";
import { sizeOf } from "../tensor.ts";
import type { Blocks, Images } from "./blocks.ts";

/** Fewer places than these, over all images, and to reorder the filter costs more than the kernels spare. */
const FEWEST_PLACES = 1024;

/** A convolution over images that the blocked kernels know. */
export interface Convolution {
  readonly input: Images;
  readonly output: Images;
  readonly filter: Images;
  /** Whether the image is read as it is, as one of few channels is. */
  readonly few: boolean;
  /** Where each channel has its own filter, and these are another shape of an image with as many channels: it. */
  readonly image?: string;
  /** Whether it pays though its input and output are both reordered: a 1x1 kernel is as fast without blocks. */
  readonly pays: boolean;
}

/** What the blocked kernels need to know of a Conv; undefined where they do not know it, or are no faster. */
export function convolutionOf(blocks: Blocks, node: Node): Convolution | undefined {
  const [x, w] = node.inputs;
  const [batch, channels, height, width, ...more] = blocks.shape(x) ?? [];
  const [filters, inner, ...kernel] = blocks.shape(w) ?? [];
  if (width === undefined || more.length > 0 || kernel.length !== 2) return undefined;
  if (attribute(node, "string", "auto_pad", "NOTSET") !== "NOTSET") return undefined;
  const groups = attribute(node, "int", "group", 1);
  const pads = attribute(node, "ints", "pads", [0, 0, 0, 0]);
  const strides = attribute(node, "ints", "strides", [1, 1]);
  const dilations = attribute(node, "ints", "dilations", [1, 1]);
  const [high, wide] = [height, width].map((size, i) =>
    Math.floor((size + pads[i] + pads[i + 2] - dilations[i] * (kernel[i] - 1) - 1) / strides[i] + 1),
  );
  const whole = (count: number) => count % blocks.size === 0;
  const single = inner === 1 && groups === channels && filters === channels;
  const few = groups === 1 && channels < blocks.size;
  const known = whole(filters / groups) ? few || whole(inner) : single && whole(channels);
  const places = batch * high * wide;
  if (!known || (!single && places < FEWEST_PLACES)) return undefined;
  return {
    input: [batch, channels, height, width],
    output: [batch, filters, high, wide],
    filter: [filters, inner, kernel[0], kernel[1]],
    few,
    image: single ? imageOf(blocks, w) : undefined,
    pays: sizeOf(kernel) > 1,
  };
}

function imageOf(blocks: Blocks, filter: string): string | undefined {
  const source = blocks.reshaped(filter) ?? "";
  const [images, ...dims] = blocks.images(source) ?? [];
  const [filters, , ...kernel] = blocks.shape(filter) ?? [];
  return images === 1 && dims.join() === [filters, ...kernel].join() ? source : undefined;
}

/** Puts the blocked form of a Conv in its place. */
export function blockConvolution(blocks: Blocks, node: Node, found: Convolution): void {
  const { input, output, filter, few, image } = found;
  const [x, , bias] = node.inputs;
  const [filters, , ...kernel] = filter;
  const weights = image
    ? blocks.as(blocks.get(image, [1, filters, kernel[0], kernel[1]]), filter)
    : reordered(blocks, node.inputs[1], found);
  const attributes = {
    kernel_shape: ints(kernel),
    pads: ints(attribute(node, "ints", "pads", [0, 0, 0, 0])),
    strides: ints(attribute(node, "ints", "strides", [1, 1])),
    dilations: ints(attribute(node, "ints", "dilations", [1, 1])),
    group: int(attribute(node, "int", "group", 1)),
  };
  const result = blocks.emit("Conv", [few ? x : blocks.get(x, input), weights, ...(bias ? [bias] : [])], attributes);
  blocks.set(node.outputs[0], result, output);
}

/** A filter with its filters in blocks, as the innermost axis, and the channels within each in blocks as the next. */
function reordered(blocks: Blocks, filter: string, { filter: dims, few }: Convolution): string {
  const { graph, size } = blocks;
  const [filters, inner, ...kernel] = dims;
  const offsets = sizeOf(kernel);
  const as = (value: string, shape: readonly number[]) => blocks.as(value, shape);
  const permuted = (value: string, perm: readonly number[]) => graph.emit("Transpose", [value], { perm: ints(perm) });
  const innermost = permuted(as(filter, [filters / size, size, inner * offsets]), [0, 2, 1]);
  if (few || inner === 1 || offsets === 1) return as(innermost, dims);
  const next = permuted(as(innermost, [(filters / size) * (inner / size), size, offsets, size]), [0, 2, 1, 3]);
  return as(next, dims);
}

/** scale x + shift with a number each for each channel, in one pass: a convolution of each channel by itself. */
export function affine(blocks: Blocks, image: string, channels: number, scale: string, shift?: string): string {
  const weights = blocks.as(scale, [channels, 1, 1, 1]);
  const attributes = { kernel_shape: ints([1, 1]), group: int(channels) };
  return blocks.emit("Conv", [image, weights, ...(shift ? [shift] : [])], attributes);
}
