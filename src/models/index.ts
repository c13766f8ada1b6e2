import type { Model } from "../onnx/graph.ts";
import { lenet5 } from "./lenet-5.ts";
import { lenet300100 } from "./lenet-300-100.ts";

/** A network that can be built by name. */
export interface Network {
  readonly title: string;
  build(options: { readonly seed: number }): Model;
}

/** The networks that come with Espalier, by the names that the command line gives them. */
export const networks: ReadonlyMap<string, Network> = new Map([
  ["lenet-300-100", { title: "LeNet-300-100", build: lenet300100 }],
  ["lenet-5", { title: "LeNet-5", build: lenet5 }],
]);
