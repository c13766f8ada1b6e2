import { string } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { type Operators, operator, type Planning, rest } from "../operator.ts";
import { placesOf, stepsOf } from "./shapes.ts";
import { FLOATS } from "./types.ts";

/** The axes of the operands by their letters, and those of the result. An axis of an ellipsis is a number from behind. */
interface Equation {
  readonly terms: readonly (readonly string[])[];
  readonly result: readonly string[];
}

function parsed(context: Planning, equation: string, ranks: readonly number[]): Equation {
  const [left, right] = equation.replaceAll(" ", "").split("->");
  const written = left.split(",");
  if (written.length !== ranks.length) context.wrong(`has the equation "${equation}" for ${ranks.length} tensors`);
  const hidden = written.map((term, i) => ranks[i] - term.replace("...", "").length);
  const most = Math.max(0, ...hidden.filter((_, i) => written[i].includes("...")));
  const axesOf = (term: string, count: number) =>
    Array.from(term.replace("...", "."), (letter) =>
      letter === "." ? Array.from({ length: count }, (_, i) => String(count - i)) : [letter],
    ).flat();
  const terms = written.map((term, i) => axesOf(term, hidden[i]));
  if (terms.some((term, i) => term.length !== ranks[i] || term.some((letter) => !/^([a-zA-Z]|\d+)$/.test(letter)))) {
    context.wrong(`has the equation "${equation}" for tensors of ${ranks} axes`);
  }
  if (right !== undefined) return { terms, result: axesOf(right, most) };
  const once = [...written.join("").replaceAll(/[.,]/g, "")].filter((letter, _, all) => {
    return all.indexOf(letter) === all.lastIndexOf(letter);
  });
  return { terms, result: [...axesOf("...", most), ...once.sort()] };
}

/** Sums of products over all axes that the result does not have (Einstein's convention). */
const einsum = operator({
  since: 12,
  inputs: { parts: rest(FLOATS) },
  attributes: { equation: string("") },
  plan(context) {
    const { parts } = context.inputs;
    const ranks = parts.map(({ dims }) => dims.length);
    const { terms, result } = parsed(context, context.attributes.equation, ranks);
    const lengths = new Map<string, number>();
    for (const [i, term] of terms.entries()) {
      for (const [axis, letter] of term.entries()) {
        const [dim, known = 1] = [parts[i].dims[axis], lengths.get(letter)];
        if (lengths.has(letter) && known !== dim && !(isOfEllipsis(letter) && Math.min(known, dim) === 1)) {
          context.refuse(`has axes ${letter} of ${known} and ${dim}`);
        }
        lengths.set(letter, known === 1 ? dim : known);
      }
    }
    if (new Set(result).size < result.length || result.some((letter) => !lengths.has(letter))) {
      context.wrong(`has a result of the axes ${result.join("")}`);
    }
    const summed = [...lengths.keys()].filter((letter) => !result.includes(letter));
    const dimsOf = (letters: readonly string[]) => letters.map((letter) => lengths.get(letter) ?? 1);
    /** Where the elements of an operand lie for each place over some axes. */
    const places = (i: number, letters: readonly string[]) => {
      const steps = stepsOf(parts[i].dims);
      const apart = letters.map((letter) =>
        terms[i].reduce((sum, own, axis) => sum + (own === letter && parts[i].dims[axis] > 1 ? steps[axis] : 0), 0),
      );
      return placesOf(dimsOf(letters), apart);
    };
    const operands = parts.map((part, i) => ({
      view: context.view(part),
      outer: places(i, result),
      inner: places(i, summed),
    }));
    const output = context.view(context.output(parts[0].type, dimsOf(result)));
    const count = sizeOf(dimsOf(summed));
    const products = new Float64Array(count);
    return () => {
      const [to, given] = [output(), operands.map(({ view }) => view())];
      for (let o = 0; o < to.length; o++) {
        products.fill(1);
        for (let i = 0; i < operands.length; i++) {
          const { outer, inner } = operands[i];
          const [from, start] = [given[i], outer[o]];
          for (let k = 0; k < count; k++) products[k] *= from[start + inner[k]];
        }
        let sum = 0;
        for (let k = 0; k < count; k++) sum += products[k];
        to[o] = sum;
      }
    };
  },
});

const isOfEllipsis = (letter: string) => /^\d/.test(letter);

/** Sums of products by an equation. */
export const einsumOperators: Operators = { Einsum: einsum };
