import fc from "fast-check";
import { it } from "vitest";
import { string } from "../../../espalier/src/onnx/attributes.ts";
import { agrees, normals, type Source } from "../one-operator.ts";

const LENGTHS: Readonly<Record<string, number>> = { a: 2, b: 3, c: 4, d: 1 };
const letters = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 3 });
const sources = fc.array(fc.constantFrom<Source>("fed", "constant", "computed"), { minLength: 2, maxLength: 2 });
const dimsOf = (term: readonly string[]) => term.map((letter) => LENGTHS[letter]);

it("Einsum is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(letters, letters, fc.nat(), sources, fc.boolean(), async (left, right, which, from, stated) => {
      const all = [...new Set([...left, ...right])];
      const result = all.filter((_, i) => (which >> i) % 2 === 0);
      const equation = `${left.join("")}, ${right.join("")}${stated ? ` -> ${result.join("")}` : ""}`;
      const inputs = [normals(dimsOf(left), 1), normals(dimsOf(right), 2)];
      await agrees({ op: "Einsum", set: 12, inputs, sources: from, attributes: { equation: string(equation) } });
    }),
    { numRuns: 80, seed: 1 },
  ));

it.each([
  ["...ij,...jk->...ik", [2, 5, 3, 4], [2, 1, 4, 2]],
  ["...ij,jk", [2, 3, 4], [4, 2]],
  ["b...,b->...", [3, 2, 4], [3]],
  ["ii->i", [3, 3], undefined],
  ["ij->ji", [3, 2], undefined],
])("%s is that of ONNX Runtime", (equation, first, second) =>
  agrees({
    op: "Einsum",
    set: 12,
    inputs: [normals(first, 1), ...(second ? [normals(second, 2)] : [])],
    attributes: { equation: string(equation) },
  }),
);
