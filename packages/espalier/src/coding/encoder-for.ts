import { FURTHER, KEPT } from "espalier-runtime/codec";
import { RangeEncoder } from "./range-encoder.ts";
import type { Survey } from "./survey.ts";

/** An encoder that has said whether those behind it refer to a tensor, and is to be told the layout. */
export function encoderFor({ kept }: Survey): RangeEncoder {
  const coder = new RangeEncoder();
  if (kept) {
    coder.raw(FURTHER, 2);
    coder.raw(KEPT, 2);
  }
  return coder;
}
