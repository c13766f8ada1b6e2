import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { UserError } from "../errors.ts";
import { type NumericType, zeros } from "../onnx/dtype.ts";
import { fedInputs, type Model, type Value } from "../onnx/graph.ts";
import { withoutDeadNodes } from "../onnx/live.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import type { CompileOptions, Program, Tensors } from "./engine.ts";
import { isStop, stopping } from "./in-place.ts";

/** What onnxruntime-node and onnxruntime-web have in common. */
export interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

/** What a runtime can do with the outputs of a graph. */
export interface Abilities {
  /** Leave them in GPU buffers. */
  readonly onDevice?: boolean;
  /** Write them over inputs: see in-place.ts. */
  readonly inPlace?: boolean;
  /** Compute on the caller's own thread, so that timers and signals wait unless they are given a turn. */
  readonly blocking?: boolean;
}

/** Milliseconds for which runs may keep the caller's thread before timers and signals have a turn. */
const TURN = 50;

/**
 * A compiled graph on either runtime.
 *
 * An output that is carried becomes the next run's input as it is: on WebGPU it stays in its GPU buffer, in memory it
 * is the tensor that the runtime brings, or where that is asked for the input's own.
 */
export class OrtProgram implements Program {
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #feeds: Record<string, OrtTensor> = {};
  readonly #carry: ReadonlyMap<string, string>;
  readonly #resident: ReadonlySet<string>;
  /** What every output is written into, where outputs are written over inputs. */
  readonly #written: Record<string, OrtTensor | null> | undefined;
  readonly #blocking: boolean;
  #turnAt = performance.now();

  private constructor(
    ort: Ort,
    session: InferenceSession,
    { carry = {}, resident = [] }: CompileOptions,
    model: Model,
    { inPlace = false, blocking = false }: Abilities,
  ) {
    this.#ort = ort;
    this.#blocking = blocking;
    this.#session = session;
    this.#carry = new Map(Object.entries(carry));
    this.#resident = new Set([...this.#carry.values(), ...resident]);
    this.#allocate(model);
    if (inPlace) this.#written = this.#targets(model);
  }

  /** Compiles `model` with a runtime's own session options. */
  static async create(
    ort: Ort,
    model: Model,
    session: InferenceSession.SessionOptions,
    options: CompileOptions,
    { onDevice = false, inPlace = false, blocking = false }: Abilities = {},
  ): Promise<OrtProgram> {
    const locations = Object.fromEntries(Object.keys(options.carry ?? {}).map((name) => [name, "gpu-buffer" as const]));
    const withLocations = onDevice ? { ...session, preferredOutputLocation: locations } : session;
    const overwriting = inPlace && options.inPlace === true;
    const live = withoutDeadNodes(model);
    const compiled = overwriting ? stopping(live) : live;
    // Where memory counts, the runtime is not to plan a second block for what its first run found room for.
    const thrifty = overwriting ? { ...withLocations, enableMemPattern: false } : withLocations;
    const created = await ort.InferenceSession.create(writeModel(compiled), thrifty).catch((error: unknown) => {
      throw refusal(model, error);
    });
    return new OrtProgram(ort, created, options, compiled, { inPlace: overwriting, blocking });
  }

  #allocate(model: Model): void {
    for (const input of fedInputs(model)) {
      if (this.#resident.has(input.name)) this.#feeds[input.name] = this.#empty(input, "resident input");
    }
  }

  /** A carried output goes where its input lies; the sequence that stops the runtime goes nowhere. */
  #targets(model: Model): Record<string, OrtTensor | null> {
    const [{ name: sequence }, ...outputs] = model.outputs;
    const targets: Record<string, OrtTensor | null> = { [sequence]: null };
    for (const output of outputs) {
      const input = this.#carry.get(output.name);
      targets[output.name] = input === undefined ? this.#empty(output, "output") : this.#feeds[input];
    }
    return targets;
  }

  /** A tensor of zeros of a value's declared type. */
  #empty({ name, dtype, shape }: Value, what: string): OrtTensor {
    const dims = shape?.filter((dim) => typeof dim === "number");
    if (dtype === undefined || dtype === "string" || dims?.length !== shape?.length) {
      throw new UserError(`The ${what} "${name}" needs a known type and shape: annotate the graph's shapes first.`);
    }
    return this.#tensor({ dtype, dims: dims ?? [], data: zeros(dtype, sizeOf(dims ?? [])) });
  }

  load(name: string, tensor: NumericTensor): void {
    const current = this.#residentOf(name);
    if (tensor.dtype !== current.type || tensor.dims.join() !== current.dims.join()) {
      throw new UserError(
        `The resident input "${name}" is ${current.type}[${current.dims}], not ${tensor.dtype}[${tensor.dims}]: load a tensor of its own type and shape.`,
      );
    }
    if (this.#written) {
      (current.data as Float32Array).set(tensor.data as Float32Array);
      return;
    }
    this.#feeds[name] = this.#tensor({ ...tensor, data: tensor.data.slice() });
    current.dispose();
  }

  async read(name: string): Promise<NumericTensor> {
    const current = this.#residentOf(name);
    const data = (await current.getData()) as NumericTensor["data"];
    return { dtype: current.type as NumericType, dims: [...current.dims], data: data.slice() };
  }

  async run(feeds: Tensors): Promise<Tensors> {
    if (this.#blocking && performance.now() - this.#turnAt > TURN) {
      await new Promise((resolve) => setTimeout(resolve));
      this.#turnAt = performance.now();
    }
    const given = { ...this.#feeds };
    for (const name in feeds) given[name] = this.#tensor(feeds[name]);
    const results = await (this.#written ? this.#overwrite(given, this.#written) : this.#session.run(given)).catch(
      (error: unknown) => {
        throw new Error(`The runtime stopped while it ran the graph: ${reason(error)}`);
      },
    );
    const outputs: Tensors = {};
    for (const [name, result] of Object.entries(results)) {
      const input = this.#carry.get(name);
      if (input === undefined) {
        const { type, dims, data } = result;
        outputs[name] = { dtype: type as NumericType, dims, data: data as NumericTensor["data"] };
      } else if (result !== this.#feeds[input]) {
        this.#feeds[input].dispose();
        this.#feeds[input] = result;
      }
    }
    return outputs;
  }

  /** Runs the graph so that every output is written where it belongs, and gives those that are not carried. */
  async #overwrite(given: Record<string, OrtTensor>, written: Record<string, OrtTensor | null>) {
    await this.#session.run(given, written).catch((error: unknown) => {
      if (!isStop(error)) throw error;
    });
    const outputs: Record<string, OrtTensor> = {};
    for (const [name, tensor] of Object.entries(written)) if (tensor) outputs[name] = tensor;
    return outputs;
  }

  async release(): Promise<void> {
    for (const tensor of Object.values(this.#feeds)) tensor.dispose();
    await this.#session.release();
  }

  #residentOf(name: string): OrtTensor {
    const tensor = this.#feeds[name];
    if (!tensor)
      throw new UserError(`"${name}" is not a resident input of this program: name it in carry or resident.`);
    return tensor;
  }

  #tensor({ dtype, data, dims }: NumericTensor): OrtTensor {
    return new this.#ort.Tensor(dtype as "float32", data as Float32Array, dims);
  }
}

function refusal(model: Model, error: unknown): UserError {
  return new UserError(
    `ONNX Runtime refuses the graph "${model.name}" (${reason(error)}): check it with the tool that exported it.`,
  );
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
}
