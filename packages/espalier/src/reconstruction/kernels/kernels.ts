import { plainKernels } from "./plain.ts";
import { SIMD } from "./wasm.ts";

/** Arithmetic in double precision of which fitting consists. Addresses are in bytes, multiples of 8. */
export interface Kernels {
  /**
   * H = R R' with R an upper triangle, in the place of H, [n, n], whose upper half alone is read.
   * @param least of a pivot's square, where rounded moments leave less than nothing
   */
  factor(n: number, matrix: number, least: number): void;
  /** y += f x, of `count` numbers. */
  addScaled(count: number, f: number, x: number, y: number): void;
  /** G += S S' for the upper half of G, [rows, rows]. The pitch, numbers from row to row of S, is a multiple of 2. */
  gram(rows: number, pitch: number, s: number, g: number): void;
}

const PAGE = 2 ** 16;
/** 2 GB. */
const MOST_PAGES = 2 ** 15;
const ALIGNMENT = 64;

/**
 * Memory that kernels work on: WebAssembly SIMD where the machine has that and lets it be compiled, else plain
 * JavaScript, with the same results to the last bit. It grows to the most that was asked for.
 */
export class Workspace {
  readonly kernels: Kernels;
  readonly #grow: (bytes: number) => ArrayBufferLike;

  constructor(kind: "simd" | "plain" = code() ? "simd" : "plain") {
    const compiled = code();
    if (kind === "simd" && compiled) {
      const memory = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES });
      const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
      this.kernels = exports as unknown as Kernels;
      this.#grow = (bytes) => {
        const missing = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
        if (missing > 0) memory.grow(missing);
        return memory.buffer;
      };
    } else {
      const memory = { buffer: new ArrayBuffer(0) };
      this.kernels = plainKernels(memory);
      this.#grow = (bytes) => {
        if (bytes > memory.buffer.byteLength) memory.buffer = new ArrayBuffer(bytes);
        return memory.buffer;
      };
    }
  }

  /** Arrays of so many numbers each, in the place of those that were given before. */
  arrays(...counts: readonly number[]): Float64Array[] {
    const sizes = counts.map((count) => Math.ceil((8 * count) / ALIGNMENT) * ALIGNMENT);
    const buffer = this.#grow(sizes.reduce((sum, size) => sum + size, 0));
    let at = 0;
    return counts.map((count, i) => {
      const array = new Float64Array(buffer, at, count);
      at += sizes[i];
      return array;
    });
  }
}

let compiled: WebAssembly.Module | null | undefined;

/** Compiled once; null where the engine has no SIMD, or a page's policy forbids to compile. */
function code(): WebAssembly.Module | null {
  if (compiled !== undefined) return compiled;
  try {
    compiled = new WebAssembly.Module(Uint8Array.from(SIMD.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
  } catch {
    compiled = null;
  }
  return compiled;
}

let common: Workspace | undefined;

/** The one of this thread: what uses it is done with it before it lets other work have its turn. */
export function workspace(): Workspace {
  common ??= new Workspace();
  return common;
}
