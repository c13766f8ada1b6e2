import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { UserError } from "../errors.ts";
import { type NumericType, zeros } from "../onnx/dtype.ts";
import type { Model } from "../onnx/graph.ts";
import { fedInputs, withoutDeadNodes } from "../onnx/graph.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import type { CompileOptions, Program, Tensors } from "./engine.ts";

/** What onnxruntime-node and onnxruntime-web have in common. */
export interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

/** How a runtime treats the memory of outputs. */
export interface Memory {
  /** It writes into tensors that it is given; otherwise each run brings new ones. */
  readonly writesInto: boolean;
  /** It can leave outputs in GPU buffers. */
  readonly onDevice: boolean;
}

/**
 * A compiled graph on either runtime.
 *
 * Where the runtime writes into given tensors, each carried input has two that trade places: a run reads one and
 * writes the other, so no step takes new memory and no node sees a half-renewed value. Elsewhere the output itself
 * becomes the next input; on WebGPU it stays in its GPU buffer.
 */
export class OrtProgram implements Program {
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #feeds: Record<string, OrtTensor> = {};
  readonly #fetches: Record<string, OrtTensor | null> = {};
  readonly #carry: [output: string, input: string][];
  readonly #resident: ReadonlySet<string>;
  readonly #writesInto: boolean;
  readonly #reuseOutputs: boolean;

  private constructor(ort: Ort, session: InferenceSession, options: CompileOptions, writesInto: boolean) {
    this.#ort = ort;
    this.#session = session;
    this.#carry = Object.entries(options.carry ?? {});
    this.#resident = new Set([...this.#carry.map(([, input]) => input), ...(options.resident ?? [])]);
    this.#writesInto = writesInto;
    this.#reuseOutputs = options.reuseOutputs === true && writesInto;
    for (const output of session.outputNames) this.#fetches[output] = null;
  }

  /** Compiles `model` with a runtime's own session options. */
  static async create(
    ort: Ort,
    model: Model,
    session: InferenceSession.SessionOptions,
    options: CompileOptions,
    { writesInto, onDevice }: Memory,
  ): Promise<OrtProgram> {
    const locations = Object.fromEntries(Object.keys(options.carry ?? {}).map((name) => [name, "gpu-buffer" as const]));
    const withLocations = onDevice ? { ...session, preferredOutputLocation: locations } : session;
    const bytes = writeModel(withoutDeadNodes(model));
    const created = await ort.InferenceSession.create(bytes, withLocations).catch((error: unknown) => {
      throw refusal(model, error);
    });
    const program = new OrtProgram(ort, created, options, writesInto);
    program.#allocate(model);
    return program;
  }

  #allocate(model: Model): void {
    for (const { name, dtype, shape } of fedInputs(model)) {
      if (!this.#resident.has(name)) continue;
      const dims = shape?.filter((dim) => typeof dim === "number");
      if (dtype === undefined || dtype === "string" || dims?.length !== shape?.length) {
        throw new UserError(
          `The resident input "${name}" needs a known type and shape: annotate the graph's shapes first.`,
        );
      }
      this.#feeds[name] = this.#tensor({ dtype, dims: dims ?? [], data: zeros(dtype, sizeOf(dims ?? [])) });
    }
    if (!this.#writesInto) return;
    for (const [output, input] of this.#carry) {
      const { type, dims, size } = this.#feeds[input];
      const dtype = type as NumericType;
      this.#fetches[output] = this.#tensor({ dtype, dims, data: zeros(dtype, size) });
    }
  }

  load(name: string, tensor: NumericTensor): void {
    const current = this.#residentOf(name);
    if (tensor.dtype !== current.type || tensor.dims.join() !== current.dims.join()) {
      throw new UserError(
        `The resident input "${name}" is ${current.type}[${current.dims}], not ${tensor.dtype}[${tensor.dims}]: load a tensor of its own type and shape.`,
      );
    }
    // A tensor in a GPU buffer is replaced; one in memory is overwritten, so that its buffers stay a pair.
    if (current.location === "cpu") (current.data as Uint8Array).set(tensor.data as Uint8Array);
    else {
      this.#feeds[name] = this.#tensor({ ...tensor, data: tensor.data.slice() });
      current.dispose();
    }
  }

  async read(name: string): Promise<NumericTensor> {
    const current = this.#residentOf(name);
    const data = (await current.getData()) as NumericTensor["data"];
    return { dtype: current.type as NumericType, dims: [...current.dims], data: data.slice() };
  }

  async run(feeds: Tensors): Promise<Tensors> {
    const given = { ...this.#feeds };
    for (const name in feeds) given[name] = this.#tensor(feeds[name]);
    const results = await this.#session.run(given, this.#fetches).catch((error: unknown) => {
      throw new Error(`The runtime stopped while it ran the graph: ${reason(error)}`);
    });
    for (const [output, input] of this.#carry) {
      const previous = this.#feeds[input];
      this.#feeds[input] = this.#fetches[output] ?? results[output];
      if (this.#writesInto) this.#fetches[output] = previous;
      else previous.dispose();
    }
    const outputs: Tensors = {};
    for (const name of this.#session.outputNames) {
      if (this.#carry.some(([output]) => output === name)) continue;
      const result = this.#fetches[name] ?? results[name];
      if (this.#reuseOutputs) this.#fetches[name] = result;
      outputs[name] = {
        dtype: result.type as NumericType,
        dims: result.dims,
        data: result.data as NumericTensor["data"],
      };
    }
    return outputs;
  }

  async release(): Promise<void> {
    for (const tensor of Object.values(this.#feeds)) tensor.dispose();
    for (const tensor of Object.values(this.#fetches)) tensor?.dispose();
    await this.#session.release();
  }

  #residentOf(name: string): OrtTensor {
    const tensor = this.#feeds[name];
    if (!tensor) throw new UserError(`"${name}" is no resident input of this program: name it in carry or resident.`);
    return tensor;
  }

  #tensor({ dtype, data, dims }: NumericTensor): OrtTensor {
    return new this.#ort.Tensor(dtype as "float32", data as Float32Array, dims);
  }
}

function refusal(model: Model, error: unknown): UserError {
  return new UserError(`ONNX Runtime refuses the graph "${model.name}": ${reason(error)}`);
}

function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
}
