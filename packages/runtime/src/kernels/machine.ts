import { UserError } from "../errors.ts";
import { type Crew, hire, mayShare } from "./crew.ts";
import { kernelsGiven } from "./given.ts";
import { Heap, type Memory, MOST_BYTES } from "./heap.ts";
import type { CodeKernels, Kernels } from "./kernels.ts";
import { PlainMemory, plainKernels } from "./plain.ts";
import { RELAXED, SIMD } from "./wasm.ts";

/** Kernels with the memory that they work on. */
export interface Machine {
  readonly kind: "simd" | "plain";
  readonly heap: Heap;
  readonly kernels: Kernels;
  /** Workers beside the caller's thread, where there are. */
  readonly crew?: Crew;
}

/** Kernels that only some networks need, in both forms. */
export interface FurtherKernels {
  /** A module, in hexadecimal. */
  readonly simd: string;
  plain(memory: Memory): CodeKernels;
}

export interface MachineOptions {
  /**
   * Default: WebAssembly SIMD where there is that and may be compiled, else plain JavaScript. Where a module may be
   * imported but not compiled (edge workers), that of `espalier-runtime/kernels.wasm`: it runs on one thread.
   */
  readonly kernels?: Machine["kind"] | WebAssembly.Module;
  /** Threads; default 1. Where memory cannot be shared, or a worker does not start, there is one. */
  readonly threads?: number;
}

/**
 * Makes kernels and their memory.
 * @param further those that a network needs beside the common ones
 * @throws UserError when there cannot be so many threads, or no such kernels here
 */
export async function machine(
  { kernels, threads = 1 }: MachineOptions = {},
  further?: FurtherKernels,
): Promise<Machine> {
  if (!(Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS)) {
    throw new UserError(`${threads} threads are not possible: ask for a whole number from 1 to ${MOST_THREADS}.`);
  }
  if (kernels === "plain") return plain(further);
  if (kernels === undefined || kernels === "simd") {
    const shared = threads > 1 && mayShare();
    const forms = [[RELAXED, SIMD], further ? [further.simd] : []].filter(({ length }) => length > 0);
    const modules = await Promise.all(
      forms.map((each) => compiled(each.map(decoded).map((code) => (shared ? sharing(code) : code)))),
    );
    const found = modules.filter((module) => module !== undefined);
    if (found.length === modules.length) return simd(found, shared ? threads : 1, further);
    if (kernels === undefined) return plain(further);
    throw new UserError("WebAssembly SIMD is not available here: leave out kernels.");
  }
  if (threads > 1) throw new UserError("Kernels that are given as a module run on one thread: leave out threads.");
  const memory = new WasmMemory(false);
  return { kind: "simd", heap: new Heap(memory), kernels: await kernelsGiven(kernels, memory.memory, further) };
}

function plain(further: FurtherKernels | undefined): Machine {
  const memory = new PlainMemory();
  const kernels = { ...plainKernels(memory), ...further?.plain(memory) };
  return { kind: "plain", heap: new Heap(memory), kernels: kernels as Kernels };
}

/** @param threads more than one only for modules on shared memory */
async function simd(
  modules: readonly WebAssembly.Module[],
  threads: number,
  further: FurtherKernels | undefined,
): Promise<Machine> {
  const memory = new WasmMemory(threads > 1);
  const imports = { env: { memory: memory.memory } };
  const instances = await Promise.all(modules.map((module) => WebAssembly.instantiate(module, imports)));
  const kernels = Object.assign({}, ...instances.map(({ exports }) => exports)) as Kernels;
  const heap = new Heap(memory);
  if (threads === 1) return { kind: "simd", heap, kernels };
  const crew = await hire(modules, memory.memory, heap, kernels, threads);
  return crew ? { kind: "simd", heap, kernels, crew } : machine({ kernels: "simd" }, further);
}

/** The first form that the engine takes; undefined where it takes none, or a policy forbids to compile. */
async function compiled(forms: readonly Uint8Array<ArrayBuffer>[]): Promise<WebAssembly.Module | undefined> {
  const code = forms.find(isValid);
  try {
    return code && (await WebAssembly.compile(code));
  } catch (error) {
    // Valid code is refused by a policy only: a page's without 'wasm-unsafe-eval', or an edge worker's.
    if (error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

const MOST_THREADS = 256;

/** Hexadecimal: under gzip it is a third smaller than base64, in which what repeats looks different each time. */
function decoded(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

/** Where a module imports its memory: "env", "memory", a memory, that has a limit. */
const IMPORT = [3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 1];
/** One that has a limit and is shared. */
const SHARED = 3;

/** The same module on memory that workers share: it differs in the flags of the memory alone. */
export function sharing(code: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const at = code.findIndex((_, start) => IMPORT.every((byte, i) => code[start + i] === byte));
  const shared = code.slice();
  shared[at + IMPORT.length - 1] = SHARED;
  return shared;
}

function isValid(code: Uint8Array<ArrayBuffer>): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(code);
}

const PAGE = 2 ** 16;
const MOST_PAGES = MOST_BYTES / PAGE;

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
