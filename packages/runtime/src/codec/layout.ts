import { type BitCoder, codeNumber } from "./bit-coder.ts";
import { LONGEST_CODEBOOK } from "./codebook.ts";
import { Damage } from "./damage.ts";
import { LARGEST_KERNEL, type View } from "./view.ts";

/** How a tensor's words are coded. */
export const STORED = 0;
export const CONTEXT = 1;
export const STATIC = 2;
/** Since version 2: one of the methods that follow. */
export const FURTHER = 3;
export const SCALED = 0;
export const PREDICTED = 1;
/** A layout follows, of a tensor that those behind it may refer to. */
export const KEPT = 2;

/** What a stream says first: how the rest of it codes the tensor. */
export interface Layout {
  readonly method: number;
  readonly view: View;
  /** Words that are zero are coded apart, by their places. */
  readonly sparse: boolean;
  /** Words that are not zero, or with static tables the entries. */
  readonly count: number;
  /** Low bits that are zero in every word. */
  readonly shift: number;
  /** Entries of the codebook; 0 where words are coded as they are. */
  readonly entries: number;
  /** Without a codebook: low bits of each word, above the shift, that are raw. */
  readonly raw: number;
}

/** Codes a layout. @param suggested the view that the tensor's shape suggests */
export function codeLayout(coder: BitCoder, layout: Layout, suggested: View): Layout {
  const method = coder.raw(layout.method, 2);
  const words = suggested.rows * suggested.channels * suggested.kernel;
  const whole = { method, view: suggested, sparse: false, count: words, shift: 0, entries: 0, raw: 0 };
  if (method === STORED || method === FURTHER) return whole;
  const sparse = coder.raw(layout.sparse ? 1 : 0, 1) === 1;
  const count = sparse ? codeNumber(coder, layout.count) : words;
  const shift = coder.raw(layout.shift, 5);
  const entries = codeNumber(coder, layout.entries);
  const raw = entries === 0 ? coder.raw(layout.raw, 5) : 0;
  const view = method === CONTEXT ? codeView(coder, layout.view, suggested) : suggested;
  if (count > words || entries > LONGEST_CODEBOOK) throw new Damage("more entries than words");
  return { method, view, sparse, count, shift, entries, raw };
}

function codeView(coder: BitCoder, view: View, suggested: View): View {
  if (coder.raw(view.kernel === suggested.kernel && view.width === suggested.width ? 1 : 0, 1)) return suggested;
  const columns = suggested.channels * suggested.kernel;
  const kernel = codeNumber(coder, view.kernel - 1) + 1;
  const width = codeNumber(coder, view.width - 1) + 1;
  if (kernel > LARGEST_KERNEL || columns % kernel !== 0 || kernel % width !== 0) {
    throw new Damage("kernels that do not fill the columns");
  }
  return { rows: suggested.rows, channels: columns / kernel, kernel, width };
}
