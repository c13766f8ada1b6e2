import type { Planning, Step, Value } from "../operator.ts";
import { wordsIn, wordsOf } from "./shapes.ts";

/** An output whose elements each come from a place of an input. */
export function pick(
  context: Planning,
  x: Value,
  dims: readonly number[],
  places: Uint32Array | Int32Array,
  { index = 0, rectified = x.rectified }: { readonly index?: number; readonly rectified?: boolean } = {},
): Step {
  const y = context.output(x.type, dims, { index, rectified });
  const [input, output] = [wordsOf(context, x), wordsOf(context, y)];
  const words = wordsIn(x.type);
  return () => {
    const [from, to] = [input(), output()];
    if (words === 1) {
      for (let i = 0; i < places.length; i++) to[i] = from[places[i]];
      return;
    }
    for (let i = 0; i < places.length; i++) {
      to[2 * i] = from[2 * places[i]];
      to[2 * i + 1] = from[2 * places[i] + 1];
    }
  };
}
