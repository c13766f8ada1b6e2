import { attribute } from "./attributes.ts";
import type { Node } from "./graph.ts";

/** An Einsum's equation: a letter for each axis of each operand and of the result. */
export interface Equation {
  readonly operands: readonly string[];
  readonly result: string;
}

const ELLIPSIS = "...";
const ALPHABET = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"];

/**
 * Reads the equation of an Einsum; an ellipsis becomes letters, aligned to the right, and a missing result what appears
 * once.
 * @param ranks of the operands, which only an ellipsis needs
 */
export function equationOf(node: Node, ranks: readonly number[]): Equation {
  const equation = attribute(node, "string", "equation", "").replaceAll(" ", "");
  const [left, right] = equation.split("->");
  const terms = left.split(",");
  const hidden = terms.map((term, i) => ranks[i] - term.replace(ELLIPSIS, "").length);
  const free = ALPHABET.filter((letter) => !equation.includes(letter));
  const most = Math.max(0, ...terms.map((term, i) => (term.includes(ELLIPSIS) ? hidden[i] : 0)));
  const dots = free.slice(0, most);
  const operands = terms.map((term, i) => term.replace(ELLIPSIS, () => dots.slice(most - hidden[i]).join("")));
  if (right !== undefined) return { operands, result: right.replace(ELLIPSIS, dots.join("")) };
  const all = [...left.replaceAll(ELLIPSIS, "").replaceAll(",", "")];
  const once = all.filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter)).sort();
  return { operands, result: [...dots, ...once].join("") };
}

/** Returns true if an equation has an axis for each letter, and can be read without ranks. */
export function isSpelledOut(node: Node): boolean {
  return !attribute(node, "string", "equation", "").includes(ELLIPSIS);
}
