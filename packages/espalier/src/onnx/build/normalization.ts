import { float, int } from "../attributes.ts";
import { constant } from "./initializers.ts";
import { image, type LayerBuilder } from "./layers.ts";

/**
 * Batch normalization (Ioffe and Szegedy, arXiv 1502.03167): each channel is normalized, scaled and shifted. Outside of
 * training by the running mean and variance, which are not trained parameters.
 */
export function batchNorm({
  epsilon = 1e-5,
  momentum = 0.9,
  ...options
}: {
  readonly name?: string;
  readonly epsilon?: number;
  /** The part of the running statistics that a step keeps. */
  readonly momentum?: number;
} = {}): LayerBuilder {
  return ({ value, shape }, { graph, seed, name }) => {
    const own = name(options.name, "norm");
    const [scale, bias, mean, variance] = (
      [
        ["weight", 1],
        ["bias", 0],
        ["running_mean", 0],
        ["running_var", 1],
      ] as const
    ).map(([kind, initial]) => {
      const full = `${own}.${kind}`;
      return graph.initializer(full, constant(initial)([shape[0]], seed, full));
    });
    const attributes = { epsilon: float(epsilon), momentum: float(momentum) };
    return { value: graph.emit("BatchNormalization", [value, scale, bias, mean, variance], attributes, own), shape };
  };
}

/**
 * Local response normalization over neighbouring channels (Krizhevsky et al., NIPS 2012, section 3.3):
 * x / (bias + alpha / size * sum of squares)^beta.
 */
export function localResponseNorm({
  size = 5,
  alpha = 1e-4,
  beta = 0.75,
  bias = 1,
  ...options
}: {
  readonly name?: string;
  readonly size?: number;
  readonly alpha?: number;
  readonly beta?: number;
  readonly bias?: number;
} = {}): LayerBuilder {
  return (input, { graph, name }) => {
    const own = name(options.name, "lrn");
    const shape = image(input, own);
    const attributes = { size: int(size), alpha: float(alpha), beta: float(beta), bias: float(bias) };
    return { value: graph.emit("LRN", [input.value], attributes, own), shape };
  };
}

/** Layer normalization over the last axis (Ba et al., arXiv 1607.06450), scaled and shifted. */
export function layerNorm({
  epsilon = 1e-5,
  ...options
}: {
  readonly name?: string;
  readonly epsilon?: number;
} = {}): LayerBuilder {
  return ({ value, shape }, { graph, seed, name }) => {
    const own = name(options.name, "norm");
    const size = shape.slice(-1);
    const scale = graph.initializer(`${own}.weight`, constant(1)(size, seed, `${own}.weight`));
    const bias = graph.initializer(`${own}.bias`, constant(0)(size, seed, `${own}.bias`));
    const attributes = { axis: int(-1), epsilon: float(epsilon) };
    return { value: graph.emit("LayerNormalization", [value, scale, bias], attributes, own), shape };
  };
}
