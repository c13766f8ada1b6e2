import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { UserError } from "../errors.ts";
import { type NumericType, zeros } from "../onnx/dtype.ts";
import type { Model } from "../onnx/graph.ts";
import { fedInputs } from "../onnx/graph.ts";
import { withoutDeadNodes } from "../onnx/live.ts";
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

/**
 * A compiled graph on either runtime.
 *
 * An output that is carried becomes the next run's input as it is: on WebGPU it stays in its GPU buffer, in memory it
 * is the tensor that the runtime brings. (onnxruntime-node also writes into tensors that it is given, but then brings
 * a copy all the same.)
 */
export class OrtProgram implements Program {
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #feeds: Record<string, OrtTensor> = {};
  readonly #carry: ReadonlyMap<string, string>;
  readonly #resident: ReadonlySet<string>;

  private constructor(ort: Ort, session: InferenceSession, { carry = {}, resident = [] }: CompileOptions) {
    this.#ort = ort;
    this.#session = session;
    this.#carry = new Map(Object.entries(carry));
    this.#resident = new Set([...this.#carry.values(), ...resident]);
  }

  /**
   * Compiles `model` with a runtime's own session options.
   * @param onDevice whether the runtime can leave outputs in GPU buffers
   */
  static async create(
    ort: Ort,
    model: Model,
    session: InferenceSession.SessionOptions,
    options: CompileOptions,
    onDevice: boolean,
  ): Promise<OrtProgram> {
    const locations = Object.fromEntries(Object.keys(options.carry ?? {}).map((name) => [name, "gpu-buffer" as const]));
    const withLocations = onDevice ? { ...session, preferredOutputLocation: locations } : session;
    const bytes = writeModel(withoutDeadNodes(model));
    const created = await ort.InferenceSession.create(bytes, withLocations).catch((error: unknown) => {
      throw refusal(model, error);
    });
    const program = new OrtProgram(ort, created, options);
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
  }

  load(name: string, tensor: NumericTensor): void {
    const current = this.#residentOf(name);
    if (tensor.dtype !== current.type || tensor.dims.join() !== current.dims.join()) {
      throw new UserError(
        `The resident input "${name}" is ${current.type}[${current.dims}], not ${tensor.dtype}[${tensor.dims}]: load a tensor of its own type and shape.`,
      );
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
    const given = { ...this.#feeds };
    for (const name in feeds) given[name] = this.#tensor(feeds[name]);
    const results = await this.#session.run(given).catch((error: unknown) => {
      throw new Error(`The runtime stopped while it ran the graph: ${reason(error)}`);
    });
    const outputs: Tensors = {};
    for (const [name, result] of Object.entries(results)) {
      const input = this.#carry.get(name);
      if (input === undefined) {
        const { type, dims, data } = result;
        outputs[name] = { dtype: type as NumericType, dims, data: data as NumericTensor["data"] };
      } else {
        this.#feeds[input].dispose();
        this.#feeds[input] = result;
      }
    }
    return outputs;
  }

  async release(): Promise<void> {
    for (const tensor of Object.values(this.#feeds)) tensor.dispose();
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
