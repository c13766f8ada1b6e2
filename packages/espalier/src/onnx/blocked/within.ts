import { int, ints, string } from "../attributes.ts";
import type { Node } from "../graph.ts";
import { type Blocks, type Images, isNumber } from "./blocks.ts";

/**
 * The sums over each image's places of a product that nothing else reads: each channel of each image is convolved with
 * the other factor as its kernel, in one pass over both.
 */
export function ofProduct(
  blocks: Blocks,
  product: string,
  [batch, channels, height, width]: Images,
): string | undefined {
  const maker = blocks.maker(product);
  const images: Images = [batch, channels, height, width];
  const isFactor = (value: string) => blocks.has(value) && blocks.shape(value)?.join() === images.join();
  if (maker?.op !== "Mul" || maker.domain !== "" || !maker.inputs.every(isFactor)) return undefined;
  const [image, kernels] = maker.inputs.map((factor) => blocks.get(factor, images));
  const all = batch * channels;
  const inputs = [blocks.as(image, [1, all, height, width]), blocks.as(kernels, [all, 1, height, width])];
  return blocks.emit("Conv", inputs, { kernel_shape: ints([height, width]), group: int(all) });
}

/** What is added to the result of a blocked Conv, or its Relu, where nothing else reads it: the Conv does that as well. */
export function byConvolution(
  blocks: Blocks,
  { op, inputs: names }: Node,
  inputs: readonly string[],
): string | undefined {
  if (op !== "Add" && op !== "Relu") return undefined;
  for (const [i, name] of names.entries()) {
    const conv = blocks.convolution(name);
    if (!conv || conv.attributes.activation) continue;
    if (op === "Relu") return blocks.emit("Conv", conv.inputs, { ...conv.attributes, activation: string("Relu") });
    const [x, weights, bias = "", added] = conv.inputs;
    const other = inputs[1 - i];
    if (added || other === x || isNumber(blocks, names[1 - i])) continue;
    return blocks.emit("Conv", [x, weights, bias, other], conv.attributes);
  }
  return undefined;
}
