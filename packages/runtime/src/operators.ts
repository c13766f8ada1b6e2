import { allOperators } from "./network/operators/index.ts";

/** The operator sets in which an operator is computed. */
export interface Supported {
  /** The operator's name, behind its domain and a point where that is not ONNX's own. */
  readonly op: string;
  /** The first operator set from which on it is computed. */
  readonly since: number;
  /** The last, for an operator that ONNX took away. */
  readonly until?: number;
}

/** The operators that the runtime computes, by name. */
export const supported: readonly Supported[] = Object.entries(await allOperators())
  // The runtime's own join two of ONNX's.
  .filter(([op]) => !op.includes(" + "))
  .map(([op, described]): Supported => {
    const forms = [described].flat();
    return { op, since: forms[0].since, until: forms.at(-1)?.until };
  })
  .sort((a, b) => (a.op < b.op ? -1 : 1));
