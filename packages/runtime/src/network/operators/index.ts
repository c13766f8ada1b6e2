import { UserError } from "../../errors.ts";
import type { FurtherKernels } from "../../kernels/machine.ts";
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

/** What a network needs of the runtime. */
export interface Needed {
  /** The operators that are computed, by name. */
  readonly operators: Operators;
  /** How it is brought into forms of the runtime's own before what is constant is computed, and behind that. */
  before(graph: Graph): Graph;
  after(graph: Graph): Graph;
  /** Kernels beside the common ones. */
  readonly kernels?: FurtherKernels;
}

const same = (graph: Graph) => graph;

/** Operators on values that are quantized. */
const QUANTIZED = /quantize|QLinear|QGemm|Integer|NBits/i;

/**
 * What the runtime has for a network's operators.
 * @throws UserError when those that come when they are asked for cannot be fetched
 */
export async function neededFor(graph: Graph): Promise<Needed> {
  const rare = [...operatorsIn(graph)].filter((op) => !Object.hasOwn(common, op));
  const further = rare.some((op) => !QUANTIZED.test(op)) ? await fetched(() => import("./further.ts")) : undefined;
  const quantized =
    holdsBytes(graph) || rare.some((op) => QUANTIZED.test(op))
      ? await fetched(() => import("./quantized.ts"))
      : undefined;
  return {
    operators: { ...common, ...further?.furtherOperators, ...quantized?.quantizedOperators(common) },
    before: quantized?.withCodes ?? same,
    after: quantized?.withBiasesOfCodes ?? same,
    kernels: quantized?.codeKernels,
  };
}

/** What the runtime computes, by operator. */
export async function allOperators(): Promise<Operators> {
  const [further, quantized] = await Promise.all([import("./further.ts"), import("./quantized.ts")]);
  return { ...common, ...further.furtherOperators, ...quantized.quantizedOperators(common) };
}

/** True if weights may be bytes that a Cast makes floats of. */
function holdsBytes({ nodes, constants }: Graph): boolean {
  return nodes.some(({ op, inputs }) => op === "Cast" && constants.get(inputs[0])?.type === "int8");
}

/** The operators of a graph and of those in it. */
function operatorsIn({ nodes }: Graph, found = new Set<string>()): Set<string> {
  for (const node of nodes) {
    found.add(node.op);
    for (const inner of graphsIn(node)) operatorsIn(inner, found);
  }
  return found;
}

async function fetched<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`The network's operators could not be fetched (${reason}): serve all files of the bundle.`);
  }
}
