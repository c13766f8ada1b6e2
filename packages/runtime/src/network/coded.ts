import { explained } from "../codec/container.ts";
import { decodeTensor, type Later, layoutOf, Neighbours } from "../codec/context-tensor.ts";
import { Damage } from "../codec/damage.ts";
import { NAMELESS, type Parts } from "../codec/decode.ts";
import type { CodedType, WordType } from "../codec/element-type.ts";
import { FURTHER, STATIC, STORED } from "../codec/layout.ts";
import type { Store } from "../codec/static.ts";

/** A tensor that is passed over before it is asked for stays decoded if it has at most so many bytes. */
const SMALL = 2 ** 20;

/**
 * The tensors of an .esp file, each decoded when it is asked for. What is coded in contexts depends on how full the rows
 * of the tensors before it were: asked for in another order than the file's, some are decoded twice.
 */
export class CodedTensors {
  readonly #graph: Uint8Array;
  readonly #byPlace = new Map<number, CodedTensor>();
  readonly #inContexts: CodedTensor[] = [];
  /** What stood before each of those in contexts, as far as they have been decoded. */
  readonly #before: Neighbours[];

  /**
   * @param later what decodes later versions than the first, where the file is of one
   * @throws UserError when a tensor is damaged
   */
  constructor({ graph, tensors }: Parts, later: Later | undefined) {
    this.#graph = graph;
    this.#before = [new Neighbours(later)];
    for (const { type, stream } of tensors) {
      const { method, count } = explaining(() => layoutOf(stream, type));
      const quick = method === STATIC || method === STORED;
      const place = this.#inContexts.length;
      const decode = (into: Uint8Array | Store) => {
        if (quick) decodeTensor(stream, type, new Neighbours(), into);
        else this.#decode(place, stream, type, into);
      };
      const tensor = new CodedTensor(type, method === FURTHER ? undefined : count, quick, decode);
      if (!quick) this.#inContexts.push(tensor);
      this.#byPlace.set(type.at, tensor);
    }
  }

  /** The tensor that a message of the graph leaves empty. */
  find(message: Uint8Array): CodedTensor | undefined {
    return this.#byPlace.get(message.byteOffset - this.#graph.byteOffset);
  }

  #decode(place: number, stream: Uint8Array, type: CodedType, into: Uint8Array | Store): void {
    while (this.#before.length <= place) this.#inContexts[this.#before.length - 1].passOver();
    const neighbours = this.#before[place].copy();
    decodeTensor(stream, type, neighbours, into);
    if (this.#before.length === place + 1) this.#before.push(neighbours);
  }
}

/** A tensor that is decoded into what form it may: no dense one is made of it that nobody needs. */
export class CodedTensor {
  /** Bytes that it has decoded. */
  readonly size: number;
  /** Words that are not zero, at most; undefined where that is not told before they are decoded. */
  readonly most: number | undefined;
  /** True if it decodes so fast that it may be done twice. */
  readonly quick: boolean;
  readonly #decode: (into: Uint8Array | Store) => void;
  readonly #width: number;
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  constructor(
    { bytes, width }: WordType,
    most: number | undefined,
    quick: boolean,
    decode: (into: Uint8Array | Store) => void,
  ) {
    this.size = bytes;
    this.most = most;
    this.quick = quick;
    this.#width = width;
    this.#decode = decode;
  }

  /**
   * Its bytes.
   * @throws UserError when it is damaged
   */
  bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes) return this.#bytes;
    const bytes = new Uint8Array(this.size);
    explaining(() => this.#decode(bytes));
    return bytes;
  }

  /**
   * Gives its elements as float32, of zeros only some, in their order.
   * @throws UserError when it is damaged
   */
  floats(visit: (at: number, value: number) => void): void {
    if (this.#width !== 32) throw new Error("A tensor is read as float32 whose words are others.");
    const word = new Uint32Array(1);
    const float = new Float32Array(word.buffer);
    const { most = this.size } = this;
    let count = 0;
    const store: Store = (at, bits) => {
      // Whoever asks has made room for so many.
      if (bits !== 0 && ++count > most) throw new Damage("more words than a tensor says");
      word[0] = bits;
      visit(at, float[0]);
    };
    const bytes = this.#bytes;
    explaining(() => {
      if (bytes) for (const [at, bits] of new Uint32Array(bytes.buffer).entries()) store(at, bits);
      else this.#decode(store);
    });
  }

  /** Decodes it for what it tells of the tensors behind it. */
  passOver(): void {
    if (this.size <= SMALL) this.#bytes = this.bytes();
    else explaining(() => this.#decode(() => {}));
  }
}

function explaining<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    throw explained(error, NAMELESS);
  }
}
