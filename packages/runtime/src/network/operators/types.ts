import { type ElementType, TYPES } from "../elements.ts";

/** Element types that operators have in common. */
export const FLOAT: readonly "float32"[] = ["float32"];
export const FLOATS: readonly ("float32" | "float64")[] = ["float32", "float64"];
export const ANY: readonly ElementType[] = TYPES;
export const INDICES: readonly ("int64" | "int32")[] = ["int64", "int32"];
export const INT64: readonly "int64"[] = ["int64"];
export const BOOL: readonly "bool"[] = ["bool"];

export type Numeric = Exclude<ElementType, "bool" | "float16">;
/** What can be computed with: a float16 is only its bits here. */
export const NUMBERS: readonly Numeric[] = TYPES.filter(
  (type): type is Numeric => type !== "bool" && type !== "float16",
);
/** What can be compared. */
export const COMPARED: readonly Exclude<ElementType, "float16">[] = [...NUMBERS, "bool"];
