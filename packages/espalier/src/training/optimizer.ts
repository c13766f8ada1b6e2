import { attribute, float, int } from "../onnx/attributes.ts";
import type { GraphBuilder } from "../onnx/builder.ts";

/** What a transformation sees of the parameter that it renews. */
export interface UpdateContext {
  readonly graph: GraphBuilder;
  /** The value of the parameter before the step. */
  readonly parameter: string;
  /** The step's number, from 1: a float32 scalar. */
  readonly step: string;
  /** A state tensor as it was before the step. */
  state(slot: string): string;
  /** Says what a state tensor becomes. */
  renew(slot: string, value: string): void;
}

/**
 * One part of an optimizer: turns the update of a parameter (first its gradient) into another.
 * The last update, times the learning rate, is subtracted from the parameter.
 */
export interface Transform {
  /** State tensors that it keeps for each parameter, of the parameter's shape, zero at first. */
  readonly slots: readonly string[];
  /**
   * Adds the nodes that turn one update into the next.
   * @returns the name of the new update, of the parameter's shape
   */
  apply(update: string, context: UpdateContext): string;
}

/** Applies transformations one after the other. */
export function chain(...transforms: readonly Transform[]): Transform {
  return {
    slots: transforms.flatMap(({ slots }) => slots),
    apply: (update, context) => transforms.reduce((current, transform) => transform.apply(current, context), update),
  };
}

/** Momentum (Polyak): v' = mu v + u; the update is v', or u + mu v' by Nesterov's rule (Sutskever et al., 2013). */
export function momentum(mu: number, nesterov = false): Transform {
  return {
    slots: ["velocity"],
    apply(update, { graph, state, renew }) {
      const velocity = plusMultiple(graph, update, mu, state("velocity"));
      renew("velocity", velocity);
      return nesterov ? plusMultiple(graph, update, mu, velocity) : velocity;
    },
  };
}

/** Adam's scaling (Kingma and Ba, arXiv 1412.6980, algorithm 1): m' / (sqrt(v') + epsilon), bias corrected. */
export function adamScaling(beta1: number, beta2: number, epsilon: number): Transform {
  return {
    slots: ["mean", "square"],
    apply(update, { graph, state, renew, step }) {
      const number = (value: number) => graph.scalar("float32", value);
      const average = (slot: string, value: string, beta: number) => {
        const old = graph.emit("Mul", [state(slot), number(beta)]);
        const next = graph.emit("Add", [old, graph.emit("Mul", [value, number(1 - beta)])]);
        renew(slot, next);
        const correction = graph.emit("Sub", [number(1), graph.emit("Pow", [number(beta), step])]);
        return graph.emit("Div", [next, correction]);
      };
      const mean = average("mean", update, beta1);
      const square = average("square", graph.emit("Mul", [update, update]), beta2);
      return graph.emit("Div", [mean, graph.emit("Add", [graph.emit("Sqrt", [square]), number(epsilon)])]);
    },
  };
}

/**
 * u + factor t. Most updates are a weight's gradient, so a Gemm: one that nothing reads yet adds the multiple itself,
 * which spares two passes over the weights. One that adds something already adds both, summed before, so that the
 * largest weights have one tensor of their size beside them, and not two.
 */
function plusMultiple(graph: GraphBuilder, update: string, factor: number, tensor: string): string {
  const { nodes } = graph.model;
  const product = nodes.find(({ outputs }) => outputs[0] === update);
  const multiple = (value: string, by: number) => graph.emit("Mul", [value, graph.scalar("float32", by)]);
  if (product?.op === "Gemm" && !nodes.some(({ inputs }) => inputs.includes(update))) {
    const [a, b, added] = product.inputs;
    const before = attribute(product, "float", "beta", 1) / factor;
    const both = added ? graph.emit("Add", [multiple(added, before), tensor]) : tensor;
    return graph.emit("Gemm", [a, b, both], { ...product.attributes, beta: float(factor) });
  }
  return graph.emit("Add", [update, multiple(tensor, factor)]);
}

/** Weight decay: u + lambda w. Before the other parts it is L2 regularization, after Adam's it is AdamW's. */
export function decay(lambda: number): Transform {
  return {
    slots: [],
    apply: (update, { graph, parameter }) => plusMultiple(graph, update, lambda, parameter),
  };
}

/** Below it, a parameter's root mean square is taken for this: one that is zero would stay so. */
const LEAST_SIZE = 1e-2;

/**
 * Steps in the size of the parameter: u times the root mean square of w (Shazeer and Stern, arXiv 1804.04235, section 8).
 * One learning rate then moves all parameters by the same part, however large they are.
 */
export function relative(): Transform {
  return {
    slots: [],
    apply(update, { graph, parameter }) {
      const square = graph.emit("ReduceMean", [graph.emit("Mul", [parameter, parameter])], { keepdims: int(0) });
      const size = graph.emit("Max", [graph.emit("Sqrt", [square]), graph.scalar("float32", LEAST_SIZE)]);
      return graph.emit("Mul", [update, size]);
    },
  };
}

/** L1 regularization: u + lambda sign(w). */
export function lasso(lambda: number): Transform {
  return {
    slots: [],
    apply: (update, { graph, parameter }) =>
      graph.emit("Add", [
        update,
        graph.emit("Mul", [graph.emit("Sign", [parameter]), graph.scalar("float32", lambda)]),
      ]),
  };
}

/** An optimizer as plain data, for recipes, options and checkpoints. */
export type Optimizer =
  | { readonly name: "sgd"; readonly momentum: number; readonly nesterov?: boolean }
  | {
      readonly name: "adam";
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
      /** Whether the learning rate is a part of each parameter's own size: see {@link relative}. */
      readonly relative?: boolean;
    }
  | {
      readonly name: "adamw";
      /** Lambda of the decoupled decay (Loshchilov and Hutter, arXiv 1711.05101). */
      readonly decay: number;
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
    };

/** The transformation that an optimizer describes; one of the user's is what it is. */
export function transformOf(optimizer: Optimizer | Transform): Transform {
  if ("apply" in optimizer) return optimizer;
  if (optimizer.name === "sgd") {
    return optimizer.momentum === 0 ? chain() : momentum(optimizer.momentum, optimizer.nesterov);
  }
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = optimizer;
  const scaling = adamScaling(beta1, beta2, epsilon);
  if (optimizer.name === "adam") return optimizer.relative ? chain(scaling, relative()) : scaling;
  return chain(scaling, decay(optimizer.decay));
}
