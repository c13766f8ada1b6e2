import { int } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, operator, rest } from "../operator.ts";
import { pick } from "./pick.ts";
import { placesOf, stepsOf, wordsIn, wordsOf } from "./shapes.ts";
import { ANY } from "./types.ts";

/** Puts tensors of one shape behind each other along a new axis. */
export const stack = operator({
  since: 1,
  inputs: { parts: rest(ANY) },
  attributes: { axis: int() },
  plan(context) {
    const { parts } = context.inputs;
    const { axis } = context.attributes;
    const [{ type, dims }] = parts;
    const row = sizeOf(dims.slice(axis)) * wordsIn(type);
    const outer = sizeOf(dims.slice(0, axis));
    const inputs = parts.map((part) => wordsOf(context, part));
    const y = context.output(type, [...dims.slice(0, axis), parts.length, ...dims.slice(axis)]);
    const output = wordsOf(context, y);
    return () => {
      const to = output();
      for (let k = 0; k < inputs.length; k++) {
        const from = inputs[k]();
        for (let i = 0; i < outer; i++) {
          const at = (i * inputs.length + k) * row;
          for (let word = 0; word < row; word++) to[at + word] = from[i * row + word];
        }
      }
    };
  },
});

/** Takes one slice along an axis, which is then gone. */
export const part = operator({
  since: 1,
  inputs: { x: needed(ANY) },
  attributes: { axis: int(), index: int() },
  plan(context) {
    const { x } = context.inputs;
    const { axis, index } = context.attributes;
    const steps = stepsOf(x.dims);
    const others = [...x.dims.keys()].filter((other) => other !== axis);
    const dims = others.map((other) => x.dims[other]);
    const places = placesOf(
      dims,
      others.map((other) => steps[other]),
      index * steps[axis],
    );
    return pick(context, x, dims, places);
  },
});
