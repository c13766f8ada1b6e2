import { differentiate } from "../autodiff/differentiate.ts";
import type { GradientRule } from "../autodiff/rule.ts";
import { UserError } from "../errors.ts";
import { withBlocks } from "../onnx/blocked/with-blocks.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, emptyModel, fedInputs, lookup, type Model, type Value } from "../onnx/graph.ts";
import { isFloat32, type TensorType } from "../onnx/tensor.ts";
import { type FeedableModel, type TypedModel, typedModel } from "../onnx/typed.ts";
import type { RunningStatistic } from "./batch-norm.ts";
import type { CarriedState } from "./carried-state.ts";
import { type Clipping, clip } from "./clip.ts";
import { LOSS } from "./objective.ts";
import { chain, decay, lasso, type Transform } from "./optimizer.ts";
import { waits } from "./overwriting.ts";

/** L1 and L2 regularization of one parameter: lambda1 |w| + lambda2/2 w^2 is added to the loss. */
export interface Regularization {
  readonly l1?: number;
  readonly l2?: number;
}

/** What a training step changes, and how. */
export interface StepOptions {
  /** Initializers to train; all others stay as they are and have no gradient built. */
  readonly parameters: readonly string[];
  readonly optimizer: Transform;
  /** Parameters that have a mask. */
  readonly masked: ReadonlySet<string>;
  /**
   * Whether cut connections go on learning: the network reads w * mask, and its gradient renews all of w, so that
   * another mask may bring a connection back (Dynamic Network Surgery, arXiv 1608.04493, equation 2).
   */
  readonly splicing?: boolean;
  /** Regularization by parameter; none for those left out. */
  readonly regularization?: ReadonlyMap<string, Regularization>;
  readonly clipping?: Clipping;
  /** Running statistics that the step renews, of the objective. */
  readonly statistics?: readonly RunningStatistic[];
  /** States of recurrent nodes that go on to the next step, of the objective. */
  readonly states?: readonly CarriedState[];
  /** Whether new values may be written over old ones: each is then made last, when nothing reads the old one any more. */
  readonly overwriting?: boolean;
  /** How many channels lie side by side in the runtime's blocked convolutions; default: they are not used. */
  readonly blockSize?: number;
  /** Gradient rules; default: all that are built in. */
  readonly rules?: ReadonlyMap<string, GradientRule>;
}

/** A graph of a training step with the names by which it is run. */
export interface StepGraph {
  readonly model: FeedableModel;
  /** Outputs that are the next step's inputs: parameters, running statistics, recurrent states and optimizer state. */
  readonly carry: Readonly<Record<string, string>>;
  /** Inputs that change only between steps: masks, and parameters that this graph does not renew. */
  readonly resident: readonly string[];
}

/** The input that takes the learning rate, a float32 scalar. */
export const LEARNING_RATE = "learning-rate";
/** The input that takes the step's number, from 1, a float32 scalar; only where something counts: {@link stepInput}. */
export const STEP = "step";
export const maskOf = (parameter: string) => `mask/${parameter}`;
export const gradientOf = (parameter: string) => `gradient/${parameter}`;
export const slotOf = (slot: string, parameter: string) => `${slot}/${parameter}`;

/**
 * The whole training step in one graph:
 * (parameters, optimizer state, masks, batch, labels, learning rate) -> (loss, new parameters, new state).
 * @param objective a network with its loss
 */
export function wholeStep(objective: TypedModel, options: StepOptions): StepGraph {
  const { model, gradients } = backward(objective, options);
  const carry = { ...update(model, gradients, options), ...renewed(options) };
  model.outputs = [lossValue, ...Object.keys(carry).map((name) => ({ name }))];
  return { model, carry, resident: options.parameters.filter((name) => options.masked.has(name)).map(maskOf) };
}

/** The first cut of the step: (parameters, statistics, batch, labels) -> (loss, gradients, new statistics). */
export function gradientStep(objective: TypedModel, options: StepOptions): StepGraph {
  const { model, gradients } = backward(objective, options);
  const graph = new GraphBuilder(model);
  const named = Array.from(gradients, ([name, gradient]) => graph.emit("Identity", [gradient], {}, gradientOf(name)));
  const carry = renewed(options);
  model.outputs = [LOSS, ...named, ...Object.keys(carry)].map((name) => ({ name }));
  return { model, carry, resident: options.parameters };
}

/** The second cut: (parameters, state, masks, gradients, learning rate) -> (new parameters, new state). */
export function updateStep(objective: Model, options: StepOptions): StepGraph {
  const model: FeedableModel = { ...emptyModel(`${objective.name} update`), inputs: [] };
  const gradients = new Map<string, string>();
  for (const name of options.parameters) {
    const type = trainable(objective, name);
    addInput(model, name, type);
    addInput(model, gradientOf(name), type);
    gradients.set(name, gradientOf(name));
  }
  const carry = update(model, gradients, options);
  model.outputs = Object.keys(carry).map((name) => ({ name }));
  return { model, carry, resident: options.parameters.filter((name) => options.masked.has(name)).map(maskOf) };
}

/** The running statistics and recurrent states that the objective itself renews. */
function renewed({ statistics = [], states = [] }: StepOptions): Record<string, string> {
  return Object.fromEntries([...statistics, ...states].map(({ name, next }) => [next, name]));
}

/** The loss is one number. */
const lossValue: Value = { name: LOSS, dtype: "float32", shape: [] };

/** The objective with its parameters and running statistics as inputs, and the gradients of the parameters. */
function backward(objective: TypedModel, options: StepOptions) {
  const { parameters, statistics = [], rules, blockSize } = options;
  // What stays as it is may be listed among the inputs too, as old exports do, and is fed by nobody.
  const forward: FeedableModel = { ...copyModel(objective), inputs: fedInputs(objective) };
  forward.name = `${objective.name} step`;
  for (const name of new Set([...parameters, ...statistics.map(({ name }) => name)])) {
    const type = trainable(objective, name);
    forward.initializers.delete(name);
    addInput(forward, name, type);
  }
  const spliced = splice(forward, options);
  const read = parameters.map((name) => spliced.get(name) ?? name);
  const { model: plain, gradients } = differentiate(typedModel(forward), LOSS, read, rules, blockSize);
  const needed = [LOSS, ...gradients.values(), ...Object.keys(renewed(options))];
  const model = blockSize === undefined ? plain : withBlocks(plain, blockSize, needed);
  return { model, gradients: new Map(parameters.map((name, i) => [name, gradients.get(read[i]) ?? ""])) };
}

/** Puts w * mask in the place of every parameter whose cut connections go on learning. */
function splice(forward: FeedableModel, { parameters, masked, splicing }: StepOptions): Map<string, string> {
  const spliced = new Map<string, string>();
  if (!splicing) return spliced;
  const { nodes } = forward;
  forward.nodes = [];
  const graph = new GraphBuilder(forward);
  for (const { name, dtype, shape } of forward.inputs.filter(
    ({ name }) => masked.has(name) && parameters.includes(name),
  )) {
    forward.inputs.push({ name: maskOf(name), dtype, shape });
    const kept = graph.emit("Mul", [name, maskOf(name)], {}, `kept/${name}`);
    forward.values.set(kept, { name: kept, dtype, shape });
    spliced.set(name, kept);
  }
  forward.nodes.push(
    ...nodes.map((node) => ({ ...node, inputs: node.inputs.map((input) => spliced.get(input) ?? input) })),
  );
  return spliced;
}

/**
 * Adds the nodes that renew parameters and state. A masked parameter and its state are multiplied by the mask last,
 * so a cut connection stays exactly zero whatever the optimizer does.
 * @returns what each output becomes in the next step
 */
function update(model: FeedableModel, gradients: ReadonlyMap<string, string>, options: StepOptions) {
  const graph = new GraphBuilder(model, "update/");
  const known = lookup(model);
  const carry: Record<string, string> = {};
  addInput(model, LEARNING_RATE, { dtype: "float32", dims: [] });
  const limited = options.clipping
    ? clip(graph, maskGradients(graph, gradients, options), options.clipping)
    : gradients;
  const waiting = options.overwriting ? waits(graph, [LOSS, ...gradients.values()]) : undefined;
  for (const [parameter, gradient] of limited) {
    const type = known.type(parameter);
    const mask = options.masked.has(parameter) && !options.splicing ? maskOf(parameter) : undefined;
    if (mask) addInput(model, mask, type);
    const renew = (input: string, value: string) => {
      const output = mask ? graph.emit("Mul", [value, mask], {}, `next/${input}`) : value;
      carry[output] = input;
    };
    const transform = chain(...regularizers(options.regularization?.get(parameter)), options.optimizer);
    for (const slot of transform.slots) addInput(model, slotOf(slot, parameter), type);
    const change = transform.apply(gradient, {
      graph,
      parameter,
      get step() {
        return stepInput(model);
      },
      state: (slot) => slotOf(slot, parameter),
      renew: (slot, value) => renew(slotOf(slot, parameter), value),
    });
    const rate = waiting?.(LEARNING_RATE, parameter, gradients.get(parameter) ?? gradient) ?? LEARNING_RATE;
    renew(parameter, graph.emit("Sub", [parameter, graph.emit("Mul", [change, rate])]));
  }
  return carry;
}

/** The norm that clipping looks at is that of the live connections. */
function maskGradients(graph: GraphBuilder, gradients: ReadonlyMap<string, string>, { masked }: StepOptions) {
  return new Map(
    Array.from(gradients, ([name, gradient]) => [
      name,
      masked.has(name) ? graph.emit("Mul", [gradient, maskOf(name)]) : gradient,
    ]),
  );
}

function regularizers({ l1 = 0, l2 = 0 }: Regularization = {}): Transform[] {
  return [...(l2 === 0 ? [] : [decay(l2)]), ...(l1 === 0 ? [] : [lasso(l1)])];
}

function trainable(model: Model, name: string): TensorType {
  const tensor = model.initializers.get(name);
  if (isFloat32(tensor)) return tensor;
  const why = tensor ? `has the type ${tensor.dtype}` : "is not an initializer of the model";
  throw new UserError(`"${name}" ${why}: only float32 initializers can be trained.`);
}

/** The input of the step's number, which a model then has. */
export function stepInput({ inputs }: Pick<Model, "inputs">): string {
  if (!inputs.some(({ name }) => name === STEP)) inputs.push({ name: STEP, dtype: "float32", shape: [] });
  return STEP;
}

function addInput(model: FeedableModel, name: string, { dtype, dims }: TensorType): void {
  model.inputs.push({ name, dtype, shape: dims });
}
