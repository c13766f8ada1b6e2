import { UserError } from "../../errors.ts";
import { int } from "../attributes.ts";
import { needed, type Operators, operator } from "../operator.ts";
import { stepsOf, wordsIn, wordsOf } from "./shapes.ts";
import { ANY, INT64 } from "./types.ts";

/** Turns the first elements of each sequence round, as many as it has. */
const reverseSequence = operator({
  since: 10,
  inputs: { x: needed(ANY), lengths: needed(INT64) },
  attributes: { batch_axis: int(1), time_axis: int(0) },
  plan(context) {
    const { x, lengths } = context.inputs;
    const { batch_axis: batch, time_axis: time } = context.attributes;
    if (batch + time !== 1 || batch * time !== 0 || x.dims.length < 2) {
      context.wrong(`has sequences along the axes ${batch} and ${time} of [${x.dims}]`);
    }
    if (lengths.dims.join() !== String(x.dims[batch])) context.wrong(`has lengths [${lengths.dims}] for [${x.dims}]`);
    const words = wordsIn(x.type);
    const steps = stepsOf(x.dims).map((step) => step * words);
    const row = steps[1];
    const [input, output, given] = [
      wordsOf(context, x),
      wordsOf(context, context.output(x.type, x.dims)),
      context.view(lengths),
    ];
    return () => {
      const [from, to, counts] = [input(), output(), given()];
      for (let n = 0; n < x.dims[batch]; n++) {
        const count = Number(counts[n]);
        if (!(count >= 0 && count <= x.dims[time])) {
          throw new UserError(
            `A sequence is ${count} of ${x.dims[time]} elements long: feed lengths of what is there.`,
          );
        }
        for (let t = 0; t < x.dims[time]; t++) {
          const start = n * steps[batch] + (t < count ? count - 1 - t : t) * steps[time];
          to.set(from.subarray(start, start + row), n * steps[batch] + t * steps[time]);
        }
      }
    };
  },
});

/** Sequences the other way round. */
export const reversalOperators: Operators = { ReverseSequence: reverseSequence };
