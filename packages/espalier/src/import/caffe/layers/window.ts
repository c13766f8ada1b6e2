import type { LayerBuild } from "../layer-build.ts";

/** How a window moves over images, for each spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly pad: readonly number[];
}

/** The fields that convolutions and pooling have in common; a list of one is for all axes. */
interface WindowFields {
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly pad: readonly number[];
  readonly kernelH: number;
  readonly kernelW: number;
  readonly strideH: number;
  readonly strideW: number;
  readonly padH: number;
  readonly padW: number;
}

/** Reads the window of a layer over so many axes. */
export function windowOf(layer: LayerBuild, axes: number, fields: WindowFields): Window {
  const { kernelH, kernelW, strideH, strideW, padH, padW } = fields;
  const window = {
    kernel: perAxis(layer, "kernel_size", axes, fields.kernel, [kernelH, kernelW]),
    stride: perAxis(layer, "stride", axes, fields.stride.length > 0 ? fields.stride : [1], [strideH, strideW]),
    pad: perAxis(layer, "pad", axes, fields.pad.length > 0 ? fields.pad : [0], [padH, padW]),
  };
  if ([...window.kernel, ...window.stride].includes(0)) throw layer.error("has a kernel_size or stride of 0");
  return window;
}

/** A size for each axis, from a list or from the fields `_h` and `_w`. */
export function perAxis(
  layer: LayerBuild,
  field: string,
  axes: number,
  list: readonly number[],
  heightAndWidth: readonly number[] = [0, 0],
): readonly number[] {
  if (axes === 2 && heightAndWidth.some((size) => size > 0)) return heightAndWidth;
  if (list.length === axes) return list;
  if (list.length === 1) return Array.from({ length: axes }, () => list[0]);
  throw layer.error(`has ${list.length} values of ${field} for ${axes} axes`);
}
