import { weightsOf } from "../onnx/changing.ts";
import type { Model, Node } from "../onnx/graph.ts";
import { readsOf } from "../onnx/live.ts";
import type { Tensor, TensorType } from "../onnx/tensor.ts";
import type { Engine } from "./engine.ts";
import { type FedInput, type Probed, probe } from "./probe.ts";

/** What was found of a graph, with all that it depends on. */
interface Answer {
  readonly nodes: readonly Node[];
  /** The operator sets that nodes are of, and operators that the model defines itself. */
  readonly opsets: readonly string[];
  readonly functions: Model["functions"];
  readonly inputs: readonly FedInput[];
  readonly outputs: readonly string[];
  /** The shapes of the weights; their values may be any. */
  readonly weights: ReadonlyMap<string, readonly number[]>;
  /** The other initializers, and weights whose values decide shapes. */
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly probed: Probed;
}

/** Answers by a graph's first node, which its copies share; the one that was asked for last comes last. */
const answers = new WeakMap<Engine, WeakMap<Node, Answer[]>>();

/** Of how many graphs and batch sizes that begin with one node: a search prunes a network to many others. */
const MOST_ANSWERS = 16;

/** {@link probe}, once for all values of the weights: shapes do not depend on them, or they count as constants. */
export async function probeOnce(engine: Engine, model: Model, inputs: readonly FedInput[]): Promise<Probed> {
  const answer = known(engine, model, inputs) ?? answerOf(model, inputs, await probe(engine, model, inputs));
  keep(engine, model, answer);
  return answer.probed;
}

/**
 * Makes the types of a model known that units were removed from, without a run: for each batch size for which those of
 * the model before are.
 * @param typeOf the type of a value of the smaller model, by its name and its type before; what is constant stays so
 */
export function inheritTypes(
  engine: Engine,
  before: Model,
  smaller: Model,
  typeOf: (value: string, type: TensorType) => TensorType,
): void {
  for (const answer of answersOf(engine, before).filter((answer) => isFor(answer, before))) {
    keep(engine, before, answer);
    const { inputs, probed } = answer;
    const types = new Map(Array.from(probed.types, ([name, type]) => [name, typeOf(name, type)]));
    keep(engine, smaller, known(engine, smaller, inputs) ?? answerOf(smaller, inputs, { ...probed, types }));
  }
}

function answersOf(engine: Engine, { nodes }: Model): readonly Answer[] {
  return answers.get(engine)?.get(nodes[0]) ?? [];
}

function known(engine: Engine, model: Model, inputs: readonly FedInput[]): Answer | undefined {
  return answersOf(engine, model).find((answer) => isFor(answer, model) && haveSameTypes(answer.inputs, inputs));
}

function keep(engine: Engine, model: Model, answer: Answer): void {
  const [first] = model.nodes;
  if (!first) return;
  const ofEngine = answers.get(engine) ?? new WeakMap<Node, Answer[]>();
  const others = answersOf(engine, model).filter((other) => other !== answer);
  answers.set(engine, ofEngine.set(first, [...others, answer].slice(-MOST_ANSWERS)));
}

/** Copies what the model's lists and maps hold now: they may change. */
function answerOf(model: Model, inputs: readonly FedInput[], probed: Probed): Answer {
  const deciding = decidingValues(model, probed.types);
  const free = new Set(weightsOf(model).filter((name) => !deciding.has(name)));
  const all = [...model.initializers];
  return {
    nodes: [...model.nodes],
    opsets: opsetsOf(model),
    functions: model.functions,
    inputs,
    outputs: outputsOf(model),
    weights: new Map(all.filter(([name]) => free.has(name)).map(([name, { dims }]) => [name, dims])),
    constants: new Map(all.filter(([name]) => !free.has(name))),
    probed,
  };
}

/** Returns true if what was found holds for a model, with the inputs that it was found for. */
function isFor({ nodes, opsets, functions, outputs, weights, constants }: Answer, model: Model): boolean {
  const isKnown = (tensor: Tensor, name: string) => {
    const shape = weights.get(name);
    return shape ? tensor.dtype === "float32" && isSame(shape, tensor.dims) : constants.get(name) === tensor;
  };
  return (
    isSame(nodes, model.nodes) &&
    isSame(opsets, opsetsOf(model)) &&
    functions === model.functions &&
    isSame(outputs, outputsOf(model)) &&
    model.initializers.size === weights.size + constants.size &&
    [...model.initializers].every(([name, tensor]) => isKnown(tensor, name))
  );
}

function opsetsOf({ opsets }: Model): string[] {
  return Array.from(opsets, ([domain, version]) => `${domain} ${version}`);
}

function outputsOf({ outputs }: Model): string[] {
  return outputs.map(({ name }) => name);
}

function haveSameTypes(a: readonly FedInput[], b: readonly FedInput[]): boolean {
  const key = ({ name, dtype, shape }: FedInput) => JSON.stringify([name, dtype, shape]);
  return isSame(a.map(key), b.map(key));
}

function isSame<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

/** Operators that shape what they make by numbers that need not be whole: by their inputs from this one on. */
const FIRST_DECIDING: ReadonlyMap<string, number> = new Map([
  ["NonMaxSuppression", 0],
  ["NonZero", 0],
  ["OneHot", 1],
  ["Range", 0],
  ["Resize", 1],
  ["Unique", 0],
  ["Upsample", 1],
]);

/**
 * The values by which shapes are decided, or may be: whole numbers and truth values that nodes read, what a few
 * operators read, all that subgraphs read, and what these are computed from.
 */
function decidingValues({ nodes }: Model, types: ReadonlyMap<string, TensorType>): Set<string> {
  const isFloating = (name: string) => /^b?float/.test(types.get(name)?.dtype ?? "float32");
  const found = new Set<string>();
  for (const node of nodes.toReversed()) {
    const reads = readsOf(node);
    const passes = node.op !== "Shape" && node.op !== "Size" && node.outputs.some((output) => found.has(output));
    const first = FIRST_DECIDING.get(node.op) ?? Number.POSITIVE_INFINITY;
    const all = passes || reads.length > node.inputs.length;
    for (const [i, value] of reads.entries()) if (all || i >= first || !isFloating(value)) found.add(value);
  }
  return found;
}
