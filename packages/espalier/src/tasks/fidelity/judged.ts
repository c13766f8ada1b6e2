import type { Head } from "../../adoption/heads.ts";
import { toFloat32 } from "../../onnx/half.ts";
import type { NumericTensor } from "../../onnx/tensor.ts";
import type { Measure } from "../measure.ts";
import { judgesFor } from "./choose.ts";
import { type Convert, type Fidelity, fidelityOf, ownFidelity } from "./fidelity.ts";
import { blanksIn } from "./positions.ts";

/** Counts at how many of each output's positions class 0 is the likeliest. */
export class Blanks {
  readonly #heads: readonly Head[];
  readonly #counts: readonly { blanks: number; all: number }[];

  constructor(heads: readonly Head[]) {
    this.#heads = heads;
    this.#counts = heads.map(() => ({ blanks: 0, all: 0 }));
  }

  /** Counts the first samples of a batch, of so many in all. */
  add(outputs: readonly NumericTensor[], samples: number, batch: number): void {
    for (const [i, head] of this.#heads.entries()) {
      const values = head.kind === "whole" || head.classes < 2 ? undefined : toFloat32(outputs[i])?.data;
      if (!values) continue;
      const { blanks, all } = blanksIn(values.subarray(0, (samples * values.length) / batch), head);
      this.#counts[i].blanks += blanks;
      this.#counts[i].all += all;
    }
  }

  /** Of all positions of an output, by its place. */
  partOf(output: number): number {
    const { blanks, all } = this.#counts[output];
    return blanks / Math.max(1, all);
  }
}

/**
 * By what a network is judged, and the reasons, in sentences.
 * @param wanted a name, or a measure of the user's own; default: what each output says
 * @param blanks the part of an output's positions, by its place, at which class 0 is the likeliest
 * @param convert see {@link fidelityOf}
 * @throws UserError for a measure that is none, or that can judge no output
 */
export function judgedBy(
  heads: readonly Head[],
  wanted: string | Measure | undefined,
  blanks: (output: number) => number,
  note: (text: string) => void,
  convert?: Convert,
): Fidelity {
  if (typeof wanted === "object") return ownFidelity(heads, wanted, convert);
  const judges = judgesFor(heads, wanted, blanks);
  for (const { measure, outputs, why, counts } of judges) {
    const names = outputs.map((i) => `"${heads[i].name}"`).join(" and ");
    const subject = outputs.length === 1 ? `The output ${names} is` : `The outputs ${names} are`;
    if (why) note(`${subject} judged by ${measure.name}, as ${why}.`);
    if (!counts) note(`The output ${names} is none that ${wanted} judges, and does not count.`);
  }
  return fidelityOf(heads, judges, convert);
}
