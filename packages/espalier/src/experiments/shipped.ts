import type { Dataset } from "../data/dataset.ts";
import type { Model } from "../onnx/graph.ts";
import type { Measure } from "../tasks/measure.ts";

/** A network that people ship, with inputs for it. */
export interface ShippedNetwork {
  /** By which runs are kept. */
  readonly name: string;
  /** What it is, for tables. */
  readonly title: string;
  /** The .onnx as it came. */
  readonly contents: Uint8Array;
  readonly model: Model;
  readonly data: Dataset;
  /** Inputs that are the same in every run, by their names. */
  readonly fix?: Readonly<Record<string, number>>;
  /** By what the outputs are compared; default: what follows from what they are. */
  readonly measure?: string;
  /** Points of fidelity that the smaller network may lose. */
  readonly maxLoss: number;
}

/** Networks to make smaller, and what is measured of them outside of this library. */
export interface Shipped {
  readonly networks: readonly ShippedNetwork[];
  /** How many bytes a file is under brotli at its highest quality. */
  brotli(file: Uint8Array): Promise<number>;
}

/** How far outputs are those of another network. */
export interface Same {
  /** Percent. */
  readonly fidelity: number;
  readonly standardError: number;
  readonly measure: Pick<Measure, "name">;
  readonly samples: number;
}

/** What the library does, which lies above the experiments that measure it. */
export interface Toolkit {
  /** A network that computes the same with less. */
  simplify(network: ShippedNetwork): Promise<Model>;
  /** The smallest file within the loss, and the network that is in it. */
  compress(
    network: ShippedNetwork,
    simple: Model,
  ): Promise<{ readonly contents: Uint8Array; readonly model: Model; readonly how: string }>;
  /** How far a network's outputs on the test split are those of another. */
  compare(network: ShippedNetwork, model: Model, against: Model): Promise<Same>;
}
