import { UserError } from "../../errors.ts";
import { copyElements } from "../../onnx/elements.ts";
import { OptionsError } from "../../options-error.ts";
import type { Dataset, Split } from "../dataset.ts";
import { fileName } from "../file-name.ts";
import { divide, encode, join, type Unit, type Vocabulary, vocabularyOf } from "./vocabulary.ts";

/** How a text becomes samples. */
export interface TextOptions {
  /** Default: characters, or what the vocabulary is of. */
  readonly unit?: Unit;
  /** Tokens in a sample; default 64. */
  readonly window?: number;
  /** The vocabulary of the network that reads it; default: the text's own. */
  readonly vocabulary?: Vocabulary;
  /** How many words the text's own vocabulary has at most; default 10,000. */
  readonly words?: number;
  /** The parts for training, validation and test, 1 together; default 0.9, 0.05, 0.05. */
  readonly parts?: readonly [number, number, number];
}

export const WINDOW = 64;
export const WORDS = 10_000;
export const TEXT_PARTS = [0.9, 0.05, 0.05] as const;

/** The names of a window's tensors: its tokens, and for each the one that follows. */
const TOKENS = "tokens";
const NEXT = "next";

/**
 * A text in UTF-8 as windows of tokens whose targets are the tokens that follow: window i is
 * tokens iT to iT + T - 1, its targets are tokens iT + 1 to iT + T. The three parts lie one behind the other in the text.
 * A vocabulary of words is that of the training part.
 * @param path how messages name the file
 * @throws UserError when it is not UTF-8, too short or too long, or has a character that the vocabulary lacks
 */
export function readText(bytes: Uint8Array, path: string, options: TextOptions = {}): Dataset {
  const { vocabulary: given, window = WINDOW, words = WORDS, parts = TEXT_PARTS } = options;
  const unit = given?.unit ?? options.unit ?? "characters";
  const tokens = divide(textOf(bytes, path), unit);
  const learned = Math.floor(tokens.length * parts[0]);
  const chosen = Math.floor(tokens.length * (parts[0] + parts[1]));
  const own = unit === "characters" ? tokens : tokens.slice(0, learned);
  const vocabulary = given ?? vocabularyOf(own, unit, words);
  const codes = encode(tokens, vocabulary, path);
  const part = (start: number, end: number): Split => {
    const size = Math.floor((end - start - 1) / window);
    if (size < 1) {
      throw new OptionsError(
        (o) =>
          `${path} has ${tokens.length} ${unit}, which is too little for three parts of windows of ${window}: give a longer text, or a smaller ${o("window")}.`,
      );
    }
    const predicted = tokens.slice(start + 1, start + size * window + 1);
    return windows(codes.subarray(start, end), size, window, charactersIn(predicted, unit));
  };
  return {
    name: fileName(path),
    inputs: [{ name: TOKENS, dtype: "int64", shape: [window] }],
    targets: [{ name: NEXT, dtype: "int32", shape: [window] }],
    classes: vocabulary.tokens.length,
    train: part(0, learned),
    validation: part(learned, chosen),
    test: part(chosen, tokens.length),
    vocabulary,
  };
}

/** No text has more bytes: each token of it is held in memory. */
const MOST_BYTES = 2 ** 27;

function textOf(bytes: Uint8Array, path: string): string {
  if (bytes.length > MOST_BYTES) {
    const megabytes = (size: number) => Math.round(size / 1e6);
    throw new UserError(
      `${path} has ${megabytes(bytes.length)} MB of text, and up to ${megabytes(MOST_BYTES)} are read: give a part of it.`,
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll("\r\n", "\n");
  } catch {
    throw new UserError(`${path} is not UTF-8 text: convert it.`);
  }
}

/** Characters that tokens stand for; words count with the space before them. */
function charactersIn(tokens: readonly string[], unit: Unit): number {
  return unit === "characters" ? tokens.length : join(tokens, unit).length;
}

function windows(codes: Int32Array, size: number, window: number, characters: number): Split {
  return {
    size,
    stream: { characters },
    read(indices, { [TOKENS]: tokens, [NEXT]: next }) {
      for (let i = 0; i < indices.length; i++) {
        const start = indices[i] * window;
        if (tokens) copyElements(codes, start, start + window, tokens, i * window);
        if (next) copyElements(codes, start + 1, start + window + 1, next, i * window);
      }
    },
  };
}
