import { UserError } from "../errors.ts";
import type { Kernels } from "./kernels.ts";
import type { FurtherKernels } from "./machine.ts";
import { PlainMemory, plainKernels } from "./plain.ts";

/**
 * The kernels of a module that a page or a worker gives, on its memory.
 * @throws UserError when it is not a module, or that of something else or of another version
 */
export async function kernelsGiven(
  module: unknown,
  memory: WebAssembly.Memory,
  further: FurtherKernels | undefined,
): Promise<Kernels> {
  if (typeof WebAssembly !== "object" || !(module instanceof WebAssembly.Module)) {
    throw new UserError(
      'The kernels are neither "simd" nor "plain" nor a WebAssembly.Module: give the module of espalier-runtime/kernels.wasm.',
    );
  }
  const instance = await WebAssembly.instantiate(module, { env: { memory } }).catch(() => undefined);
  const exported: WebAssembly.Exports = instance?.exports ?? {};
  const plain = new PlainMemory();
  for (const [name, kernel] of Object.entries({ ...plainKernels(plain), ...further?.plain(plain) })) {
    const found = exported[name];
    // What has another number of parameters would compute something else.
    if (typeof found === "function" && found.length === kernel.length) continue;
    throw new UserError(
      `The module given as kernels does not have the ${name} that is called: give espalier-runtime/kernels.wasm of this version.`,
    );
  }
  return exported as unknown as Kernels;
}
