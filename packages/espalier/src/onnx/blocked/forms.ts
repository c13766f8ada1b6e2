import { attribute, int } from "../attributes.ts";
import type { Node } from "../graph.ts";
import { float32, integers, sizeOf } from "../tensor.ts";
import { type Blocks, type Images, isNumber } from "./blocks.ts";
import { affine, blockConvolution, convolutionOf } from "./convolution.ts";
import { BLOCKED_DOMAIN } from "./node.ts";
import { ELEMENTWISE } from "./shapes.ts";
import { byConvolution, ofProduct } from "./within.ts";

/** What can be done with a node where what it reads or makes is in blocks. */
export interface Form {
  /** The inputs that it would read in blocks. */
  readonly reads: readonly string[];
  /** Whether it reads them so by choice, and not only where its result is wanted in blocks. */
  readonly seeks: boolean;
  /** Whether it pays to put its inputs into blocks for it alone. */
  readonly pays: boolean;
  /** Puts the form in the place of the node. */
  apply(): void;
}

/** The form of a node in blocks, if it has one. */
export function formOf(blocks: Blocks, node: Node): Form | undefined {
  if (node.domain === BLOCKED_DOMAIN && node.op === "ReorderInput") return reordered(blocks, node);
  if (node.domain !== "") return undefined;
  if (node.op === "Conv") return convolution(blocks, node);
  if (node.op === "BatchNormalization") return normalization(blocks, node);
  if (node.op === "MaxPool") return maxPool(blocks, node);
  if (node.op === "Reshape") return channelsOfAll(blocks, node);
  if (node.op === "ReduceMean" || node.op === "ReduceSum") return overChannels(blocks, node);
  if (ELEMENTWISE.has(node.op)) return elementwise(blocks, node) ?? byChannel(blocks, node);
  return undefined;
}

/** What a gradient rule asks for in blocks is there already, or is for whoever asks next. */
function reordered(blocks: Blocks, { inputs: [x], outputs: [output] }: Node): Form | undefined {
  const images = blocks.images(x);
  if (!images) return undefined;
  return {
    reads: [x],
    seeks: true,
    pays: true,
    apply: () => void blocks.graph.emit("Identity", [blocks.get(x, images)], {}, output),
  };
}

function convolution(blocks: Blocks, node: Node): Form | undefined {
  const found = convolutionOf(blocks, node);
  if (!found) return undefined;
  const { few, image, pays } = found;
  return {
    reads: [...(few ? [] : [node.inputs[0]]), ...(image ? [image] : [])],
    seeks: true,
    pays,
    apply: () => blockConvolution(blocks, node, found),
  };
}

/** Of tensors of one shape, and numbers. */
function elementwise(blocks: Blocks, node: Node): Form | undefined {
  const [output] = node.outputs;
  const images = blocks.images(output);
  if (!images) return undefined;
  const reads = node.inputs.filter((name) => name && !isNumber(blocks, name));
  if (!reads.every((name) => blocks.shape(name)?.join() === images.join())) return undefined;
  return {
    reads,
    seeks: false,
    pays: false,
    apply() {
      const inputs = node.inputs.map((name) => (reads.includes(name) ? blocks.get(name, images) : name));
      const result = byConvolution(blocks, node, inputs) ?? blocks.graph.emit(node.op, inputs, node.attributes);
      blocks.set(output, result, images);
    },
  };
}

/** Addition, subtraction or multiplication by a number for each channel. */
function byChannel(blocks: Blocks, node: Node): Form | undefined {
  const { op, inputs, outputs } = node;
  const images = blocks.images(outputs[0]);
  if (!images || inputs.length !== 2 || !["Add", "Sub", "Mul"].includes(op)) return undefined;
  const [x, each] = inputs;
  if (blocks.shape(x)?.join() !== images.join() || !isByChannel(blocks.shape(each) ?? [], images)) return undefined;
  return {
    reads: [x],
    seeks: false,
    pays: false,
    apply() {
      const [, channels] = images;
      const { graph } = blocks;
      const numbers = blocks.as(each, [channels]);
      const image = blocks.get(x, images);
      const ones = () => graph.constant(float32([channels], new Float32Array(channels).fill(1)));
      const result =
        op === "Mul"
          ? affine(blocks, image, channels, numbers)
          : affine(blocks, image, channels, ones(), op === "Add" ? numbers : graph.emit("Neg", [numbers]));
      blocks.set(outputs[0], result, images);
    },
  };
}

/** [C, 1, 1] or [1, C, 1, 1]. */
function isByChannel(dims: readonly number[], [, channels]: Images): boolean {
  const [width, height, own, ...more] = dims.toReversed();
  return width === 1 && height === 1 && own === channels && sizeOf(more) === 1;
}

/** By statistics that are given: scale (x - mean) / sqrt(variance + epsilon) + bias. */
function normalization(blocks: Blocks, node: Node): Form | undefined {
  const [x, scale, bias, mean, variance] = node.inputs;
  const images = blocks.images(x);
  if (!images || attribute(node, "int", "training_mode", 0) === 1) return undefined;
  return {
    reads: [x],
    seeks: false,
    pays: false,
    apply() {
      const { graph } = blocks;
      const epsilon = graph.scalar("float32", attribute(node, "float", "epsilon", 1e-5));
      const deviation = graph.emit("Sqrt", [graph.emit("Add", [variance, epsilon])]);
      const slope = graph.emit("Div", [scale, deviation]);
      const centred = blocks.constant(mean)?.data.every((value) => Number(value) === 0);
      const shift = centred ? bias : graph.emit("Sub", [bias, graph.emit("Mul", [mean, slope])]);
      blocks.set(node.outputs[0], affine(blocks, blocks.get(x, images), images[1], slope, shift), images);
    },
  };
}

/** Without the places of the maxima. */
function maxPool(blocks: Blocks, node: Node): Form | undefined {
  const [x] = node.inputs;
  const images = blocks.images(x);
  const pooled = blocks.images(node.outputs[0]);
  if (!images || !pooled || node.outputs.length > 1) return undefined;
  return {
    reads: [x],
    seeks: false,
    pays: false,
    apply: () => blocks.set(node.outputs[0], blocks.emit("MaxPool", [blocks.get(x, images)], node.attributes), pooled),
  };
}

/** The channels of all images one behind the other, as those of one: [1, N C, H, W], which in blocks is as it was. */
function channelsOfAll(blocks: Blocks, { inputs: [x], outputs: [output] }: Node): Form | undefined {
  const images = blocks.images(x);
  if (!images) return undefined;
  const [batch, channels, height, width] = images;
  const dims: Images = [1, batch * channels, height, width];
  if (blocks.shape(output)?.join() !== dims.join()) return undefined;
  return {
    reads: [x],
    seeks: false,
    pays: false,
    apply: () => blocks.set(output, blocks.as(blocks.get(x, images), dims), dims),
  };
}

/** A sum or mean over all but the channels: first over an image's places, then over the images. */
function overChannels(blocks: Blocks, node: Node): Form | undefined {
  const [x, axes] = node.inputs;
  const images = blocks.images(x);
  const given = axes ? blocks.constant(axes) : undefined;
  if (!images || !given || integers(given).toSorted().join() !== "0,2,3") return undefined;
  if (attribute(node, "int", "keepdims", 1) === 1) return undefined;
  return {
    reads: [x],
    seeks: true,
    pays: false,
    apply() {
      const { graph, size } = blocks;
      const [batch, channels, height, width] = images;
      const over = (value: string, axis: number, output?: string) =>
        graph.emit(node.op, [value, graph.ints([axis])], { keepdims: int(0) }, output);
      const product = ofProduct(blocks, x, images);
      const mean = node.op === "ReduceMean" && product;
      const ofImages =
        product ?? over(blocks.as(blocks.get(x, images), [(batch * channels) / size, height * width, size]), 1);
      const rows = blocks.as(ofImages, [batch, channels]);
      if (!mean) {
        over(rows, 0, node.outputs[0]);
        return;
      }
      graph.emit("Mul", [over(rows, 0), graph.scalar("float32", 1 / (height * width))], {}, node.outputs[0]);
    },
  };
}
