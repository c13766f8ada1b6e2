import { partsOf } from "../../kernels/share.ts";
import { sizeOf } from "../elements.ts";
import type { Laid, Matrix } from "../matrix.ts";
import type { Planning, Step } from "../operator.ts";
import type { Windows } from "../windows.ts";

/** Room behind a plane that is laid out, in elements: two vectors are read past the end of the last row. */
const BEHIND = 8;

/** A convolution of each plane with a filter of its own, [filters, taps], over two axes. */
export function depthwise(
  context: Planning,
  layer: Matrix,
  { at: from, dims: [samples] }: Laid,
  to: number,
  { kernel, strides, dilations, begin, input, output }: Windows,
  floor: number,
): Step {
  layer.prepare("planes");
  const [down, right] = strides;
  const [reachDown, reachRight] = [0, 1].map(
    (axis) => (output[axis] - 1) * strides[axis] + (kernel[axis] - 1) * dilations[axis] + 1,
  );
  // What lies in a plane as it is read: it is laid out where there is padding, and where columns are not read in turn.
  const inPlace = right === 1 && begin.every((pad) => pad === 0) && reachDown <= input[0] && reachRight <= input[1];
  const rows = Math.max(reachDown, begin[0] + input[0]);
  const width = inPlace ? input[1] : Math.ceil(Math.max(reachRight, begin[1] + input[1]) / right);
  const [phasePitch, rowPitch] = [4 * width, 4 * width * right];
  const size = rows * rowPitch + 4 * BEHIND;
  const parts = partsOf(context.machine);
  const scratch = inPlace ? 0 : context.scratch((size / 4) * parts);
  const offsets: number[] = [];
  for (let i = 0; i < kernel[0]; i++) {
    for (let j = 0; j < kernel[1]; j++) {
      const column = j * dilations[1];
      offsets.push(i * dilations[0] * rowPitch + (column % right) * phasePitch + 4 * Math.floor(column / right));
    }
  }
  const plane = {
    ...{ height: input[0], width: input[1], outHeight: output[0], outWidth: output[1] },
    ...{ phases: right, phasePitch, rowPitch, step: down * rowPitch, size, padTop: begin[0], padLeft: begin[1] },
    ...{ taps: kernel[0] * kernel[1], offsets: context.table(offsets) },
  };
  const [inBytes, outBytes] = [4 * layer.rows * sizeOf(input), 4 * layer.rows * sizeOf(output)];
  return () => {
    for (let n = 0; n < samples; n++) {
      layer.filterPlanes(plane, scratch, from + n * inBytes, to + n * outBytes, floor);
    }
  };
}
