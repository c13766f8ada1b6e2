import { codeLayout, codePredicted, FURTHER, PREDICTED, type Reference } from "espalier-runtime/codec";
import { encoderFor } from "./encoder-for.ts";
import type { Survey } from "./survey.ts";

/** Encodes a tensor by what its words follow from. @param kept the tensors before that are kept */
export function encodePredicted(
  survey: Survey,
  references: readonly Reference[],
  kept: readonly Uint32Array[],
): Uint8Array {
  const { words, type } = survey;
  const { view } = type;
  const coder = encoderFor(survey);
  codeLayout(coder, { method: FURTHER, view, sparse: false, count: 0, shift: 0, entries: 0, raw: 0 }, view);
  coder.raw(PREDICTED, 2);
  codePredicted(coder, words.slice(), view.rows, references, kept);
  return coder.finish();
}
