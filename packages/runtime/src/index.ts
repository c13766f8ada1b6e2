/**
 * What a page ships: `load` makes an .onnx file of an .esp file while it downloads, for ONNX Runtime;
 * `Network` runs either straight from its sparse form. No dependency; the same in browsers, Node and Deno.
 * @module espalier-runtime
 */

export { isEsp } from "./codec/container.ts";
export { decode } from "./codec/whole.ts";
export { UnsupportedError, UserError } from "./errors.ts";
export type { DecodingWorker } from "./loading/decoding-worker.ts";
export { type LoadOptions, load } from "./loading/load.ts";
export type { Source } from "./loading/source.ts";
export type { Progress } from "./loading/stream.ts";
export type { ElementType } from "./network/elements.ts";
export type { FedTensor, Tensor, TensorData } from "./network/feed.ts";
export type { Fixed } from "./network/fix.ts";
export { type MemoryUse, Network, type NetworkOptions } from "./network/network.ts";
export { type OpenedNetwork, type OpenOptions, open } from "./open/open.ts";
export type { OnnxRuntime, OnnxSession, OnnxTensor } from "./open/session.ts";
