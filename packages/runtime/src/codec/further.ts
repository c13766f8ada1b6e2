import { decodeTensor, type Further } from "./context-tensor.ts";
import { Damage } from "./damage.ts";
import { MOST_IN_CONTEXTS } from "./element-type.ts";
import { KEPT, PREDICTED, SCALED } from "./layout.ts";
import { codePredicted } from "./predicted.ts";
import { codeScaled, NO_SCALES, storeScaled } from "./scaled.ts";

/**
 * Decodes a tensor that a method of version 2 codes.
 * @throws Damage when the stream contradicts itself
 */
export function decodeFurther({ coder, stream, type, neighbours, store, again }: Further): void {
  const further = coder.raw(0, 2);
  if (further > KEPT || (again && further === KEPT)) throw new Damage("an unknown method");
  if (further !== SCALED && type.width < 32) throw new Damage("predictions of short words");
  const count = (type.bytes * 8) / type.width;
  if (count > MOST_IN_CONTEXTS) throw new Damage("more words in contexts than any writer puts there");
  const { rows } = type.view;
  const words = new Uint32Array(count);
  if (further === SCALED) {
    const numbers = new Int32Array(words.buffer);
    storeScaled(store, codeScaled(coder, { ...NO_SCALES, numbers }, type));
    neighbours.add(numbers, rows);
  } else if (further === PREDICTED) {
    codePredicted(coder, words, rows, [], neighbours.kept);
    for (let t = 0; t < count; t++) store(t, words[t]);
  } else {
    const keep = (at: number, word: number) => {
      words[at] = word;
      store(at, word);
    };
    decodeTensor(stream, type, neighbours, keep, coder, true);
    neighbours.kept.push(words);
  }
}
