import { int, oneOf } from "../attributes.ts";
import { needed, type Operators, operator } from "../operator.ts";
import { pick } from "./pick.ts";
import { placesOf, stepsOf } from "./shapes.ts";
import { ANY } from "./types.ts";

/** The places of a tensor that is seen in another shape, its axes in another order. */
function reordered(shape: readonly number[], order: readonly number[]): Uint32Array {
  const steps = stepsOf(shape);
  return placesOf(
    order.map((axis) => shape[axis]),
    order.map((axis) => steps[axis]),
  );
}

const depthToSpace = operator({
  since: 1,
  inputs: { input: needed(ANY) },
  attributes: { blocksize: int(), mode: oneOf("DCR", "CRD") },
  plan(context) {
    const { input } = context.inputs;
    const { blocksize: size, mode } = context.attributes;
    const [batch, depth, height, width] = input.dims;
    const channels = depth / size ** 2;
    if (input.dims.length !== 4 || !Number.isInteger(channels))
      context.wrong(`makes blocks of ${size} of [${input.dims}]`);
    const places =
      mode === "DCR"
        ? reordered([batch, size, size, channels, height, width], [0, 3, 4, 1, 5, 2])
        : reordered([batch, channels, size, size, height, width], [0, 1, 4, 2, 5, 3]);
    return pick(context, input, [batch, channels, height * size, width * size], places);
  },
});

const spaceToDepth = operator({
  since: 1,
  inputs: { input: needed(ANY) },
  attributes: { blocksize: int() },
  plan(context) {
    const { input } = context.inputs;
    const { blocksize: size } = context.attributes;
    const [batch, channels, height, width] = input.dims;
    if (input.dims.length !== 4 || height % size !== 0 || width % size !== 0) {
      context.wrong(`takes blocks of ${size} of [${input.dims}]`);
    }
    const places = reordered([batch, channels, height / size, size, width / size, size], [0, 3, 5, 1, 2, 4]);
    return pick(context, input, [batch, channels * size ** 2, height / size, width / size], places);
  },
});

/** Operators that exchange channels and places. */
export const spaceOperators: Operators = { DepthToSpace: depthToSpace, SpaceToDepth: spaceToDepth };
