import { emptyModel, type Model } from "../onnx/graph.ts";
import { readModel } from "../onnx/read.ts";
import { type FloatTensor, isFloat32, type NumericTensor } from "../onnx/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import type { Parameters } from "./parameters.ts";

/**
 * Tensors under prefixes and a text, as an ONNX file without nodes: its tensors are initializers, the text is metadata.
 * So it is read by the same bounded reader as a model, and any ONNX viewer shows it.
 */
export class TensorFile {
  readonly #model: Model;
  readonly #key: string;

  /** @param name of the kind of file: its text is the metadata `espalier.NAME` */
  constructor(name: string, model = emptyModel(name)) {
    this.#model = model;
    this.#key = `espalier.${name}`;
  }

  /**
   * Reads what {@link write} wrote.
   * @param source how messages name the file
   * @throws UserError when the bytes are not an ONNX file
   */
  static read(name: string, bytes: Uint8Array, source: string): TensorFile {
    return new TensorFile(name, readModel(bytes, source));
  }

  get text(): string | undefined {
    return this.#model.metadata.get(this.#key);
  }

  put(prefix: string, tensors: ReadonlyMap<string, NumericTensor>): void {
    for (const [name, tensor] of tensors) this.#model.initializers.set(`${prefix}/${name}`, tensor);
  }

  /** The tensors of numbers that were put under a prefix. */
  numbers(prefix: string): Map<string, NumericTensor> {
    const found = new Map<string, NumericTensor>();
    for (const [name, tensor] of this.#model.initializers) {
      if (tensor.dtype !== "string" && name.startsWith(`${prefix}/`)) found.set(name.slice(prefix.length + 1), tensor);
    }
    return found;
  }

  /** Those of them that are float32. */
  take(prefix: string): Parameters {
    const found = new Map<string, FloatTensor>();
    for (const [name, tensor] of this.numbers(prefix)) if (isFloat32(tensor)) found.set(name, tensor);
    return found;
  }

  write(text: string): Uint8Array<ArrayBuffer> {
    return writeModel({ ...this.#model, metadata: new Map([[this.#key, text]]) });
  }
}
