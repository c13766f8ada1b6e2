/** The format's parts that an encoder shares with the decoder: models, tables and limits, each written once. */
export { type BitCoder, codeNumber } from "./bit-coder.ts";
export {
  Bundle,
  type Bundled,
  codeHolds,
  DISTANCES,
  ENTRIES,
  MOST_IN_BUNDLE,
  NOTHING,
  SCALES,
  WORDS,
} from "./bundle.ts";
export { codeCodebook, LONGEST_CODEBOOK, rankOf, type WordFormat } from "./codebook.ts";
export {
  CHECKSUM,
  checkOf,
  isEsp,
  LARGEST_FILE,
  leastBytes,
  MAGIC,
  mostDecoded,
  PREFIX,
  VERSION,
} from "./container.ts";
export { codeInContexts, Neighbours } from "./context-tensor.ts";
export { crc32 } from "./crc32.ts";
export { Damage } from "./damage.ts";
export { type Contents, LONGEST_TEXT } from "./decode.ts";
export { MOST_IN_CONTEXTS, type WordType, wordsOf } from "./element-type.ts";
export { LONGEST_MAGNITUDE, levelOf } from "./integers.ts";
export { CONTEXT, codeLayout, FURTHER, KEPT, type Layout, PREDICTED, SCALED, STATIC, STORED } from "./layout.ts";
export {
  DEEPEST,
  fieldsOf,
  headOf,
  type Kind,
  kindOf,
  piecesOf,
  RAW_DATA,
  type TensorHead,
  varintOf,
} from "./messages.ts";
export { densityLevel } from "./numbers.ts";
export { END, fromOutline, OUTLINE } from "./outline.ts";
export { codePredicted, MOST_REFERENCES, type Reference } from "./predicted.ts";
export { codeScaled, codeScales, NO_SCALES, type Scaled } from "./scaled.ts";
export { codeStaticHead, countValues, type StaticHead } from "./static.ts";
export { LARGEST_LOG, spread } from "./table.ts";
export { codeText } from "./text.ts";
export type { View } from "./view.ts";
export { contentsOf, decode } from "./whole.ts";
export { type BitGroup, BitGroupModel, bitGroups } from "./words.ts";
export { WORDS_OF_OUTLINES } from "./words-of-outlines.ts";
