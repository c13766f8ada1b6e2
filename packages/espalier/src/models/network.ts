import { he, type Initializer } from "../onnx/build/initializers.ts";
import type { LayerBuilder } from "../onnx/build/layers.ts";
import { sequential } from "../onnx/build/sequential.ts";
import type { Model } from "../onnx/graph.ts";

/** How a network differs from the published one; what is left out is as published. */
export interface NetworkOptions {
  /** The seed of the first weights. */
  readonly seed: number;
  /** Classes to tell apart. */
  readonly classes?: number;
  /** The shape of a sample: [channels, height, width]. */
  readonly input?: readonly number[];
  /** A factor of the width of every layer but the last. */
  readonly width?: number;
  /** Fills the weights, except where the network asks for its own. */
  readonly initializer?: Initializer;
}

/** A network as it was published. */
export interface Published {
  readonly name: string;
  readonly classes: number;
  readonly input: readonly number[];
  /** Default: {@link he}. */
  readonly initializer?: Initializer;
}

/** What the layers of a network are made for. */
export interface Size {
  readonly classes: number;
  readonly input: readonly number[];
  /** The width of a layer: the published one times the factor, a multiple of `step`. */
  scale(units: number, step?: number): number;
}

/** Builds a network, as published or at another size. */
export function build(
  published: Published,
  { seed, classes = published.classes, input = published.input, width = 1, initializer }: NetworkOptions,
  layers: (size: Size) => readonly LayerBuilder[],
): Model {
  const scale = (units: number, step = 1) => step * Math.max(1, Math.round((units * width) / step));
  return sequential(layers({ classes, input, scale }), {
    name: published.name,
    input,
    seed,
    initializer: initializer ?? published.initializer ?? he,
  });
}
