import { UserError } from "../errors.ts";
import { type ElementType, over, sizeOf, TYPES } from "../network/elements.ts";
import { checkRun, type FedTensor, fedFor, type Tensor, type TensorData, writeOutput } from "../network/feed.ts";
import { type Fixed, fixed } from "../network/fix.ts";
import type { GraphInput } from "../network/graph.ts";
import { own } from "../network/known-names.ts";

/** A tensor of ONNX Runtime. */
export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** A session of ONNX Runtime. */
export interface OnnxSession {
  readonly outputNames: readonly string[];
  /** Versions that lack it are refused. */
  readonly inputMetadata?: readonly {
    readonly name: string;
    readonly type?: string;
    readonly shape?: readonly (number | string)[];
  }[];
  /** Computes the outputs of tensors by the names of the inputs. */
  run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
  /** Frees what the session holds. */
  release(): Promise<void>;
}

/** What is used of ONNX Runtime: the module `onnxruntime-web` or `onnxruntime-node` is this. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    /** Makes a session of the bytes of an .onnx file. */
    create(model: Uint8Array, options?: object): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: ElementType, data: TensorData, dims: readonly number[]) => OnnxTensor;
}

/** A network in ONNX Runtime, fed and read as the runtime's own is. */
export class SessionNetwork {
  /** The names of what is fed. */
  readonly inputs: readonly string[];
  /** The names of what comes out. */
  readonly outputs: readonly string[];
  readonly #runtime: OnnxRuntime;
  readonly #session: OnnxSession;
  readonly #fed: readonly GraphInput[];
  readonly #fixed: Readonly<Record<string, OnnxTensor>>;
  #released = false;

  private constructor(runtime: OnnxRuntime, session: OnnxSession, values: Fixed | undefined) {
    if (!session.inputMetadata) {
      throw new UserError("This ONNX Runtime does not tell the types of a network's inputs: take a newer version.");
    }
    const all = session.inputMetadata.map(inputOf);
    const { inputs, constants } = fixed({ nodes: [], constants: new Map(), inputs: all, outputs: [] }, values);
    const given = Array.from(constants, ([name, { type, data, dims }]) => [name, new runtime.Tensor(type, data, dims)]);
    this.#runtime = runtime;
    this.#session = session;
    this.#fed = inputs;
    this.#fixed = Object.fromEntries(given);
    this.inputs = inputs.map(({ name }) => name);
    this.outputs = session.outputNames;
  }

  /**
   * Opens a session.
   * @param model the bytes of an .onnx file
   * @param options of the session, as ONNX Runtime takes them
   * @throws UserError when it takes what is not a tensor of numbers, or an input cannot be fixed to its value
   * @throws what ONNX Runtime throws when it does not take the model
   */
  static async create(
    runtime: OnnxRuntime,
    model: Uint8Array,
    values: Fixed | undefined,
    options: object | undefined,
  ): Promise<SessionNetwork> {
    const session = await runtime.InferenceSession.create(model, options);
    try {
      return new SessionNetwork(runtime, session, values);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /** Runs the network once, as {@link Network.run} does. */
  async run(
    feeds: Readonly<Record<string, FedTensor>>,
    into: Readonly<Record<string, TensorData>> = {},
  ): Promise<Record<string, Tensor>> {
    if (this.#released) throw new UserError("The network was released: open it again to run it.");
    checkRun(feeds, into, this.inputs, this.outputs);
    const fed: Record<string, OnnxTensor> = { ...this.#fixed };
    for (const input of this.#fed) {
      const { dims, data } = fedFor(input, own(feeds, input.name), this.inputs);
      fed[input.name] = new this.#runtime.Tensor(typeIn(input), data, dims);
    }
    const found = await this.#session.run(fed);
    return Object.fromEntries(this.outputs.map((name) => [name, resultOf(name, found[name], own(into, name))]));
  }

  /** Ends the session; the network runs no more. */
  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    await this.#session.release();
  }
}

/** An input as ONNX Runtime states it: it gives no lengths where any rank will do. */
function inputOf({ name, type, shape = [] }: NonNullable<OnnxSession["inputMetadata"]>[number]): GraphInput {
  const dims = shape.map((dim) => (typeof dim === "number" && dim > 0 ? dim : undefined));
  const input = { name, type: elementType(type), dims: dims.length > 0 ? dims : undefined };
  typeIn(input);
  return input;
}

function typeIn({ name, type }: GraphInput): ElementType {
  if (type) return type;
  throw new UserError(
    `The network's input "${name}" is not a tensor of numbers: run the network by a session of ONNX Runtime.`,
  );
}

function elementType(name: string | undefined): ElementType | undefined {
  return TYPES.find((type) => type === name);
}

function resultOf(name: string, { type, dims, data }: OnnxTensor, given: TensorData | undefined): Tensor {
  const element = elementType(type);
  if (!element || !ArrayBuffer.isView(data) || !(data.buffer instanceof ArrayBuffer)) {
    throw new UserError(
      `The network's output "${name}" is not a tensor of numbers: run the network by a session of ONNX Runtime.`,
    );
  }
  // ONNX Runtime gives float16 as a Float16Array where there is that.
  const numbers = over(element, data.buffer, data.byteOffset, sizeOf(dims));
  return { type: element, dims, data: given ? writeOutput(name, element, numbers, given) : numbers };
}
