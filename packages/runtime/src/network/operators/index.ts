import { UserError } from "../../errors.ts";
import { type Graph, graphsIn } from "../graph.ts";
import type { Operators } from "../operator.ts";
import { activationOperators } from "./activations.ts";
import { arithmeticOperators } from "./arithmetic.ts";
import { castOperators } from "./cast.ts";
import { convolutionOperators } from "./convolution.ts";
import { denseOperators } from "./dense.ts";
import { fillingOperators } from "./filling.ts";
import { gatherOperators } from "./gather.ts";
import { logicOperators } from "./logic.ts";
import { mathOperators } from "./math.ts";
import { maxPoolingOperators } from "./max-pooling.ts";
import { movementOperators } from "./movement.ts";
import { nameOperators } from "./names.ts";
import { normalizationOperators } from "./normalization.ts";
import { padOperators } from "./pad.ts";
import { poolingOperators } from "./pooling.ts";
import { reductionOperators } from "./reductions.ts";
import { selectionOperators } from "./selection.ts";
import { softmaxOperators } from "./softmax.ts";
import { spaceOperators } from "./space.ts";

/** The operators that come with the runtime. */
const common: Operators = {
  ...denseOperators,
  ...convolutionOperators,
  ...poolingOperators,
  ...maxPoolingOperators,
  ...activationOperators,
  ...mathOperators,
  ...arithmeticOperators,
  ...logicOperators,
  ...castOperators,
  ...normalizationOperators,
  ...softmaxOperators,
  ...reductionOperators,
  ...nameOperators,
  ...movementOperators,
  ...gatherOperators,
  ...fillingOperators,
  ...padOperators,
  ...selectionOperators,
  ...spaceOperators,
};

/**
 * What the runtime computes of a network's operators, by name.
 * @throws UserError when those that come when they are asked for cannot be fetched
 */
export async function operatorsFor(graph: Graph): Promise<Operators> {
  return asksForMore(graph) ? { ...common, ...(await further()) } : common;
}

/** What the runtime computes, by operator. */
export async function allOperators(): Promise<Operators> {
  return { ...common, ...(await further()) };
}

function asksForMore({ nodes }: Graph): boolean {
  return nodes.some((node) => !Object.hasOwn(common, node.op) || graphsIn(node).some(asksForMore));
}

async function further(): Promise<Operators> {
  try {
    return (await import("./further.ts")).furtherOperators;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`The network's operators could not be fetched (${reason}): serve all files of the bundle.`);
  }
}
