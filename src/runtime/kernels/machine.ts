import { Heap, type Memory } from "./heap.ts";
import type { Kernels } from "./kernels.ts";
import { PlainMemory, plainKernels } from "./plain.ts";
import { WASM } from "./wasm.ts";

/** Kernels with the memory that they work on. */
export interface Machine {
  readonly kind: "simd" | "plain";
  readonly heap: Heap;
  readonly kernels: Kernels;
}

/** Kernels in WebAssembly SIMD where there is that, else in plain JavaScript; `kind` chooses. */
export async function machine(kind?: Machine["kind"]): Promise<Machine> {
  const code = Uint8Array.from(atob(WASM), (c) => c.charCodeAt(0));
  if (kind === "plain" || (kind === undefined && !hasSimd(code))) {
    const memory = new PlainMemory();
    return { kind: "plain", heap: new Heap(memory), kernels: plainKernels(memory) };
  }
  const memory = new WasmMemory();
  const { instance } = await WebAssembly.instantiate(code, { env: { memory: memory.memory } });
  return { kind: "simd", heap: new Heap(memory), kernels: instance.exports as unknown as Kernels };
}

function hasSimd(code: Uint8Array<ArrayBuffer>): boolean {
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
