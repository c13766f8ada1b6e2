import {
  Bundle,
  type Bundled,
  codeHolds,
  codeNumber,
  codeText,
  LONGEST_TEXT,
  MOST_IN_BUNDLE,
  Neighbours,
  WORDS_OF_OUTLINES,
  type WordType,
  wordsOf,
} from "espalier-runtime/codec";
import { bestWay, copyOf } from "./bundle-encoder.ts";
import { Cost } from "./cost.ts";
import { type Encoded, encodeTensor, type Method, type Prepared } from "./encode-tensor.ts";
import { outlineOf } from "./outline.ts";
import { RangeEncoder } from "./range-encoder.ts";
import { concat, type Taken } from "./split.ts";

/** A tensor on its own takes so many bytes more: its checksum, and its length. */
const BESIDE = 6;
/** A tensor of floats of fewer bytes stays in the graph, which may have the same again. */
const SMALLEST = 16;

/** Whether a tensor may be coded beside the graph in a bundle. */
export function liesInBundle(tensor: Taken): boolean {
  const words = wordsOf(tensor);
  return words?.float === true && tensor.bytes.length >= SMALLEST && words.bytes === tensor.bytes.length;
}

/** A tensor of a file, with what a bundle has of it where it is in one. */
export interface Chosen {
  readonly type: WordType;
  /** Its section, where it is in none. */
  readonly own: Encoded | undefined;
  readonly bundled: Bundled | undefined;
}

/** Chooses for each tensor whether it is coded in the bundle or alone, in whichever it takes less. */
export class Chooser {
  /** What a decoder knows of the tensors before that are coded alone. */
  #apart = new Neighbours();
  /** The same of those in the bundle. */
  readonly #together = new Neighbours();
  #left = MOST_IN_BUNDLE;

  choose(prepared: Prepared, method: Method): Chosen {
    const { survey, ways, references } = prepared;
    const { words, type, kept } = survey;
    const apart = this.#apart.copy();
    const own = encodeTensor(prepared, method, apart);
    if (method === "context" && !kept && !references && words.length <= this.#left) {
      const way = bestWay(survey, ways, this.#together.rows);
      if (way && way.bits / 8 <= own.stream.length + BESIDE) {
        this.#left -= words.length;
        this.#together.add(way.bundled.numbers, type.view.rows);
        return { type, own: undefined, bundled: way.bundled };
      }
    }
    this.#apart = apart;
    return { type, own, bundled: undefined };
  }
}

/** Codes a graph as text, or stores it where that takes no more, and the bundle behind it. @param padding zeros that change nothing */
export function encodeTogether(graph: Uint8Array, tensors: readonly Chosen[], padding: number): Uint8Array {
  const outline = outlineOf(graph);
  const text = outline ?? graph;
  const coder = new RangeEncoder();
  const stored = text.length > LONGEST_TEXT || costOf(text) >= graph.length;
  coder.raw(stored ? 1 : 0, 1);
  codeNumber(coder, stored ? graph.length : text.length);
  if (!stored) {
    coder.raw(outline ? 1 : 0, 1);
    codeText(coder, text.slice(), WORDS_OF_OUTLINES);
  }
  const bundled = tensors.map((tensor) => tensor.bundled !== undefined);
  const any = bundled.some((held) => held);
  coder.raw(any ? 1 : 0, 1);
  if (any) {
    codeHolds(
      coder,
      tensors.map(({ type }) => type),
      bundled,
    );
    const bundle = new Bundle();
    for (const { type, bundled } of tensors) if (bundled) bundle.code(coder, type, copyOf(bundled));
  }
  const zeros = new Uint8Array(padding);
  return stored ? concat([coder.finishBeforeMore(), zeros, graph]) : concat([coder.finish(), zeros]);
}

/** Bytes that a text takes. */
function costOf(text: Uint8Array): number {
  const cost = new Cost();
  codeText(cost, text.slice(), WORDS_OF_OUTLINES);
  return cost.bits / 8;
}
