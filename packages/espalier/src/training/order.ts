import { permutation, random } from "../random.ts";

/** The order in which an epoch goes through so many samples that do not follow each other. */
export function orderIn(epoch: number, size: number, seed: number): Uint32Array {
  return permutation(size, random(seed, "shuffle", epoch));
}
