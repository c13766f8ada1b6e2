/**
 * How a layer is held: whole numbers of eight bits with inputs that are too, or weights alone; blocks of four bits;
 * float16; or as it came.
 */
export type Treatment = "int8" | "int8 weights" | "int4" | "float16" | "float32";

/** Bits of a weight so held, what its scales take left out. */
export const bitsOf: Readonly<Record<Treatment, number>> = {
  int8: 8,
  "int8 weights": 8,
  int4: 4,
  float16: 16,
  float32: 32,
};
