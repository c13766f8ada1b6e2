import { codePredicted, type WordType, wordsOf } from "espalier-runtime/codec";
import { codeOf } from "../onnx/dtype.ts";
import { type FloatTensor, float32 } from "../onnx/tensor.ts";
import { Cost } from "./cost.ts";
import { followFromAbove, referencesOf } from "./references.ts";

/** A tensor most of whose words are what a decoder expects, and the bytes that it takes in a file. */
export interface Settled {
  readonly tensor: FloatTensor;
  readonly bytes: number;
}

/** The highest bit of a float. */
const SIGN = 1 << 31;

/**
 * Returns true if the elements of a tensor follow from others in it, as in a Fourier basis or a symmetric window: if it
 * is worth to {@link settle} them.
 */
export function followsItself({ data, dims }: FloatTensor): boolean {
  const { view } = typeOf(dims);
  const tensor = { words: bitsOf(data), rows: view.rows };
  return followFromAbove(tensor) || referencesOf(tensor, []).length > 0;
}

/**
 * Takes what a decoder expects of an element in its place, wherever that is near enough: it then takes next to nothing in
 * a file. What is expected follows from the elements as they have been settled, so that errors do not add up.
 * @param near how far each element may be from what it was
 */
export function settle({ data, dims }: FloatTensor, near: (element: number) => number): Settled {
  const { view } = typeOf(dims);
  const words = bitsOf(data.slice());
  const settled = new Float32Array(words.buffer);
  const references = referencesOf({ words, rows: view.rows }, []).map(({ reference }) => reference);
  const float = new Float32Array(1);
  const word = new Uint32Array(float.buffer);
  const cost = new Cost();
  codePredicted(cost, words, view.rows, references, [], (place, expected) => {
    // Whether the sign is turned round is coded beside the magnitude, for less than a magnitude.
    for (const turned of [0, SIGN]) {
      word[0] = expected ^ turned;
      if (Math.abs(float[0] - data[place]) <= near(place)) return word[0];
    }
    return words[place];
  });
  return { tensor: float32(dims, settled), bytes: Math.ceil(cost.bits / 8) };
}

function typeOf(dims: readonly number[]): WordType {
  const type = wordsOf({ type: codeOf("float32"), dims });
  if (!type) throw new Error("A tensor without elements has no words.");
  return type;
}

const bitsOf = (data: Float32Array) => new Uint32Array(data.buffer, data.byteOffset, data.length);
