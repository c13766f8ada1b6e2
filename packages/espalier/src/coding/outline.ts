import { Damage, END, fieldsOf, fromOutline, OUTLINE, varintOf } from "espalier-runtime/codec";
import { concat } from "./split.ts";

/**
 * The outline of a message, of which {@link fromOutline} makes the same bytes.
 * @returns undefined where there is none: for what is no message, or not written in the fewest bytes, or has a 0 in a text
 */
export function outlineOf(bytes: Uint8Array): Uint8Array | undefined {
  try {
    const outline = concat(partsOf(bytes, "model"));
    const again = fromOutline(outline);
    return again.length === bytes.length && again.every((byte, i) => byte === bytes[i]) ? outline : undefined;
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return undefined;
  }
}

function partsOf(bytes: Uint8Array, kind: string): Uint8Array[] {
  return [...fieldsOf(bytes)].flatMap(({ number, wire, start, from, to }) => {
    const inner = wire === 2 ? OUTLINE[kind][number] : undefined;
    if (!inner) return [bytes.subarray(start, to)];
    const content = bytes.subarray(from, to);
    const within = inner === "text" ? [content] : partsOf(content, inner);
    return [varintOf(8 * number + wire), ...within, Uint8Array.of(END)];
  });
}
