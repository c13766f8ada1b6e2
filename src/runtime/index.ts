/**
 * What a page ships: `load` makes an .onnx file of an .esp file while it downloads, for ONNX Runtime;
 * `Network` runs either straight from its sparse form. No dependency; the same in browsers, Node and Deno.
 */

export { UserError } from "../errors.ts";
export { isEsp } from "./container.ts";
export { decode } from "./decode.ts";
export type { DecodingWorker } from "./decoding-worker.ts";
export { type LoadOptions, load } from "./load.ts";
export { type MemoryUse, Network, type NetworkOptions, type Tensor } from "./network/network.ts";
export { UnsupportedError } from "./network/unsupported.ts";
export type { Source } from "./source.ts";
export type { Progress } from "./stream.ts";
