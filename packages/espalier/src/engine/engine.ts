import type { Model } from "../onnx/graph.ts";
import type { NumericTensor } from "../onnx/tensor.ts";

/** Tensors by the names of their values. */
export type Tensors = Record<string, NumericTensor>;

/** The devices that can be asked for. */
export const DEVICES = ["cpu", "cuda", "webgpu", "coreml", "dml"] as const;

/** Where a graph runs. "cpu" is everywhere; the others depend on the runtime that is installed. */
export type Device = (typeof DEVICES)[number];

/** Where graphs run, and on how many threads. */
export interface EngineOptions {
  /** Default "cpu". */
  device?: Device;
  /** Threads of one run; default: one for each core. */
  threads?: number;
}

/** Which tensors of a graph stay where they are between its runs. */
export interface CompileOptions {
  /**
   * Which output is which input of the next run: `{ output: input }`.
   * Such inputs are resident: loaded once with `load`, renewed by each run, read with `read`, never fed.
   */
  carry?: Readonly<Record<string, string>>;
  /** Inputs that are loaded once and stay as they are until loaded again. */
  resident?: readonly string[];
  /**
   * Whether a carried output may be written over the input that it becomes, where the engine can: so that a large
   * state is in memory once. In the graph, all else that reads that input must come before. The outputs of a run then
   * hold until the next.
   */
  inPlace?: boolean;
}

/** A graph made ready to run. Its resident tensors live where the device wants them. */
export interface Program {
  /** Replaces the contents of a resident input. */
  load(name: string, tensor: NumericTensor): void;
  /** A copy of a resident input's contents. */
  read(name: string): Promise<NumericTensor>;
  /** Runs the graph once on the feeds and gives the outputs that are not carried. */
  run(feeds: Tensors): Promise<Tensors>;
  /** Frees the session and the resident tensors. */
  release(): Promise<void>;
}

/** Runs ONNX graphs: ONNX Runtime in Node or in a browser. */
export interface Engine {
  readonly name: string;
  readonly device: Device;
  /** Threads of one run, where that is known: on their number hang the last bits of results. */
  readonly threads?: number;
  /**
   * How many channels lie side by side in the runtime's blocked convolutions; undefined where it has none.
   * See onnx/blocked.
   */
  blockSize?(): Promise<number | undefined>;
  /** @throws UserError when the runtime refuses the graph, with the runtime's reason. */
  compile(model: Model, options?: CompileOptions): Promise<Program>;
}
