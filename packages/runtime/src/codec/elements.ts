import type { BitCoder } from "./bit-coder.ts";
import type { CodeModel } from "./codes.ts";
import type { Layout } from "./layout.ts";
import { Significance } from "./significance.ts";
import type { WordModel } from "./words.ts";

/**
 * Codes the elements of a tensor, row after row: whether each is zero, and what it is where it is not.
 * @param values codes what an element is
 * @param elements all of them, or room for one row, of which `finish` is told as soon as it is done
 * @param activity how alive the unit behind each column was in the tensor before
 */
export function codeElements(
  coder: BitCoder,
  elements: Uint32Array,
  { view, sparse, count }: Layout,
  values: CodeModel | WordModel,
  activity: Uint8Array,
  finish?: (row: number) => void,
): void {
  const { rows, channels, kernel } = view;
  const columns = channels * kernel;
  const significance = sparse ? new Significance(view, count / (rows * columns), activity) : undefined;
  for (let row = 0; row < rows; row++) {
    let t = finish ? 0 : row * columns;
    values.startRow();
    significance?.startRow();
    for (let channel = 0; channel < channels; channel++) {
      significance?.startKernel();
      for (let place = 0; place < kernel; place++, t++) {
        const present = significance?.code(coder, elements[t] ? 1 : 0, row, channel, place) ?? 1;
        elements[t] = present ? values.code(coder, elements, t, channel, place) : 0;
      }
    }
    finish?.(row);
  }
}
