import { UnsupportedError } from "../errors.ts";
import type { FedTensor, Tensor, TensorData } from "../network/feed.ts";
import { checkOptions } from "../network/known-names.ts";
import { onnxBytes } from "../network/model-bytes.ts";
import { Network, type NetworkOptions } from "../network/network.ts";
import { type OnnxRuntime, SessionNetwork } from "./session.ts";

export interface OpenOptions extends NetworkOptions {
  /**
   * ONNX Runtime, or what gives it: a function is called only if it is needed, so that a page may import it then,
   * `() => import("onnxruntime-web")`.
   */
  readonly onnxruntime: OnnxRuntime | (() => OnnxRuntime | Promise<OnnxRuntime>);
  /** Options of ONNX Runtime's session; `kernels` and `threads` are for this runtime alone. */
  readonly session?: object;
}

const OPTIONS = ["onnxruntime", "session", "fixed", "kernels", "threads"] satisfies readonly (keyof OpenOptions)[];

/** A network in the runtime that runs it. */
export interface OpenedNetwork {
  /** Which of the two it is: a first run, or one of other shapes, may show that it must be ONNX Runtime. */
  readonly runtime: "espalier" | "onnxruntime";
  /** Why it is ONNX Runtime. */
  readonly unsupported: UnsupportedError | undefined;
  /** The names of what is fed. */
  readonly inputs: readonly string[];
  /** The names of what comes out. */
  readonly outputs: readonly string[];
  /**
   * Runs the network once.
   * @param feeds tensors by the names of the inputs, in the element types of the model
   * @param into arrays that outputs are written into, by their names; default: new ones
   * @throws UserError when an input is missing, or is not what the network takes, or a name is not known, or the network was released
   * @throws what ONNX Runtime throws when it does not take the network either
   */
  run(
    feeds: Readonly<Record<string, FedTensor>>,
    into?: Readonly<Record<string, TensorData>>,
  ): Promise<Record<string, Tensor>>;
  /** Gives back what it holds; the network runs no more. */
  release(): Promise<void>;
}

/**
 * Opens a network: in this runtime where it computes all that the network asks for, else in ONNX Runtime.
 * @param bytes of an .onnx or an .esp file; they are kept as they are, for a run that needs ONNX Runtime after all
 * @throws UserError when the bytes are not a model, or a damaged or newer one, or an option cannot be
 * @throws what ONNX Runtime throws when it does not take the network either
 */
export async function open(bytes: Uint8Array | ArrayBuffer, options: OpenOptions): Promise<OpenedNetwork> {
  checkOptions(options, OPTIONS);
  const { onnxruntime, session, ...own } = options;
  const inOnnxRuntime = async () => {
    const runtime = typeof onnxruntime === "function" ? await onnxruntime() : onnxruntime;
    return SessionNetwork.create(runtime, await onnxBytes(bytes), own.fixed, session);
  };
  try {
    return new Opened(await Network.load(bytes, own), inOnnxRuntime);
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return new Opened(await inOnnxRuntime(), inOnnxRuntime, error);
  }
}

class Opened implements OpenedNetwork {
  #network: Network | SessionNetwork;
  readonly #inOnnxRuntime: () => Promise<SessionNetwork>;
  #unsupported: UnsupportedError | undefined;
  /** The way to ONNX Runtime, once a run has taken it. */
  #change: Promise<SessionNetwork> | undefined;

  constructor(
    network: Network | SessionNetwork,
    inOnnxRuntime: () => Promise<SessionNetwork>,
    unsupported?: UnsupportedError,
  ) {
    this.#network = network;
    this.#inOnnxRuntime = inOnnxRuntime;
    this.#unsupported = unsupported;
  }

  get runtime(): OpenedNetwork["runtime"] {
    return this.#network instanceof Network ? "espalier" : "onnxruntime";
  }

  get unsupported(): UnsupportedError | undefined {
    return this.#unsupported;
  }

  get inputs(): readonly string[] {
    return this.#network.inputs;
  }

  get outputs(): readonly string[] {
    return this.#network.outputs;
  }

  async run(
    feeds: Readonly<Record<string, FedTensor>>,
    into?: Readonly<Record<string, TensorData>>,
  ): Promise<Record<string, Tensor>> {
    const network = this.#network;
    try {
      return await network.run(feeds, into);
    } catch (error) {
      if (!(network instanceof Network && error instanceof UnsupportedError)) throw error;
      return (await this.#changed(network, error)).run(feeds, into);
    }
  }

  async release(): Promise<void> {
    const ended = this.#network.release();
    // A change that fails is what the run that asked for it throws.
    const changed = await this.#change?.catch(() => undefined);
    await Promise.all([ended, changed?.release()]);
  }

  /** Goes over to ONNX Runtime; runs that ask for it at the same time share the way. */
  #changed(from: Network, reason: UnsupportedError): Promise<SessionNetwork> {
    this.#change ??= this.#inOnnxRuntime().then(
      (session) => {
        from.release();
        this.#network = session;
        this.#unsupported = reason;
        return session;
      },
      (error: unknown) => {
        // Another run may try again.
        this.#change = undefined;
        throw error;
      },
    );
    return this.#change;
  }
}
