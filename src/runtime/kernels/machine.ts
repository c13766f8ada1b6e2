import { Heap, type Memory } from "./heap.ts";
import type { Kernels } from "./kernels.ts";
import { PlainMemory, plainKernels } from "./plain.ts";
import { RELAXED, SIMD } from "./wasm.ts";

/** Kernels with the memory that they work on. */
export interface Machine {
  readonly kind: "simd" | "plain";
  readonly heap: Heap;
  readonly kernels: Kernels;
}

/** Kernels in WebAssembly SIMD where there is that, else in plain JavaScript; `kind` chooses. */
export async function machine(kind?: Machine["kind"]): Promise<Machine> {
  const code = [RELAXED, SIMD].map(decoded).find(isValid);
  if (kind === "plain" || (kind === undefined && code === undefined)) {
    const memory = new PlainMemory();
    return { kind: "plain", heap: new Heap(memory), kernels: plainKernels(memory) };
  }
  if (code === undefined) throw new Error("There is no WebAssembly SIMD here: leave the kernels to be chosen.");
  const memory = new WasmMemory();
  const { instance } = await WebAssembly.instantiate(code, { env: { memory: memory.memory } });
  return { kind: "simd", heap: new Heap(memory), kernels: instance.exports as unknown as Kernels };
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

function isValid(code: Uint8Array<ArrayBuffer>): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(code);
}

const PAGE = 2 ** 16;
const MOST_PAGES = 2 ** 15;

class WasmMemory implements Memory {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });

  get buffer(): ArrayBuffer {
    return this.memory.buffer;
  }

  reserve(bytes: number): void {
    const missing = Math.ceil((bytes - this.buffer.byteLength) / PAGE);
    if (missing > 0) this.memory.grow(missing);
  }
}
