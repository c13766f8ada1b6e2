import { UserError } from "../errors.ts";
import { type Crew, hire, mayShare } from "./crew.ts";
import { Heap, type Memory } from "./heap.ts";
import type { Kernels } from "./kernels.ts";
import { PlainMemory, plainKernels } from "./plain.ts";
import { RELAXED, SHARED_RELAXED, SHARED_SIMD, SIMD } from "./wasm.ts";

/** Kernels with the memory that they work on. */
export interface Machine {
  readonly kind: "simd" | "plain";
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** Workers beside the caller's thread, where there are. */
  readonly crew?: Crew;
}

export interface MachineOptions {
  /** Default: WebAssembly SIMD where there is that, else plain JavaScript. */
  readonly kernels?: Machine["kind"];
  /** Threads; default 1. Where memory cannot be shared, or a worker does not start, there is one. */
  readonly threads?: number;
}

/**
 * Makes kernels and their memory.
 * @throws UserError when there cannot be so many threads, or no such kernels here
 */
export async function machine({ kernels: kind, threads = 1 }: MachineOptions = {}): Promise<Machine> {
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    throw new UserError(`There cannot be ${threads} threads: ask for a whole number from 1 to ${MOST_THREADS}.`);
  }
  const shared = threads > 1 && mayShare();
  const code = (shared ? [SHARED_RELAXED, SHARED_SIMD] : [RELAXED, SIMD]).map(decoded).find(isValid);
  if (kind === "plain" || (kind === undefined && code === undefined)) {
    const memory = new PlainMemory();
    return { kind: "plain", heap: new Heap(memory), kernels: plainKernels(memory) };
  }
  if (code === undefined) throw new UserError("There is no WebAssembly SIMD here: leave the kernels to be chosen.");
  const memory = new WasmMemory(shared);
  const module = await WebAssembly.compile(code);
  const instance = await WebAssembly.instantiate(module, { env: { memory: memory.memory } });
  const kernels = instance.exports as unknown as Kernels;
  const heap = new Heap(memory);
  if (!shared) return { kind: "simd", heap, kernels };
  const crew = await hire(module, memory.memory, heap, kernels, threads);
  return crew ? { kind: "simd", heap, kernels, crew } : machine({ kernels: kind });
}

const MOST_THREADS = 256;

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

function isValid(code: Uint8Array<ArrayBuffer>): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(code);
}

const PAGE = 2 ** 16;
const MOST_PAGES = 2 ** 15;

class WasmMemory implements Memory {
  readonly memory: WebAssembly.Memory;

  constructor(shared: boolean) {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared });
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer;
  }

  reserve(bytes: number): void {
    const missing = Math.ceil((bytes - this.buffer.byteLength) / PAGE);
    if (missing > 0) this.memory.grow(missing);
  }
}
