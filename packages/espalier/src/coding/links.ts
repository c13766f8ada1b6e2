import type { Reference } from "espalier-runtime/codec";
import { followFromAbove, type Rows, referencesOf } from "./references.ts";
import type { Survey } from "./survey.ts";

/** What the words of a tensor follow from. */
export interface Link {
  /** Each with the tensor before that it leads to, by its place; undefined where it leads to the tensor itself. */
  readonly references: readonly { readonly reference: Reference; readonly to: number | undefined }[];
  /** Whether the words are worth a try: they refer to others, or follow from those above. */
  readonly worth: boolean;
}

const NONE: Link = { references: [], worth: false };

/** Tensors of more words are not looked for in those behind them. */
const LARGEST = 2 ** 22;

/** Finds what the words of each tensor follow from, tensor after tensor. */
export class Links {
  readonly #before: Rows[] = [];
  readonly #places = new Map<Rows, number>();

  /** Adds the tensor at a place, behind those that were added. */
  add(place: number, { words, type }: Survey): Link {
    if (type.width !== 32) return NONE;
    const tensor = { words, rows: type.view.rows };
    const references = referencesOf(tensor, this.#before).map(({ reference, to }) => ({
      reference,
      to: to && this.#places.get(to),
    }));
    if (words.length <= LARGEST) {
      this.#before.push(tensor);
      this.#places.set(tensor, place);
    }
    return { references, worth: references.length > 0 || (type.float && followFromAbove(tensor)) };
  }
}
