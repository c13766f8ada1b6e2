import { changingValues } from "../onnx/changing.ts";
import type { Model } from "../onnx/graph.ts";
import { withoutSettledBranches } from "../onnx/simplify/branches.ts";
import { withConstants } from "../onnx/simplify/fold.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import { type TypedModel, typesOf, withTypes } from "../onnx/typed.ts";
import { concreteInputs, type Symbols } from "./annotate.ts";
import type { Engine } from "./engine.ts";
import { probe } from "./probe.ts";

/** Branches within branches; exporters leave one or two. */
const MOST_LEVELS = 20;

/**
 * Takes out of an exported graph what exporters leave undecided: an If whose condition shapes alone settle is replaced
 * by its branch, and whole numbers that nothing changes become initializers. Each rewrite is one of `onnx/simplify`.
 * @throws UserError for a dimension that `symbols` does not settle, or a model that cannot be run
 */
export async function simplify(engine: Engine, source: Model, symbols: Symbols): Promise<TypedModel> {
  let model = source;
  for (let level = 0; ; level++) {
    const inputs = concreteInputs(model, symbols);
    const { types, constants } = await probe(engine, model, inputs);
    const decided = level < MOST_LEVELS ? withoutSettledBranches(model, constants) : undefined;
    if (!decided) return withWholeNumbers(withTypes(model, typesOf(inputs), types), constants);
    model = decided;
  }
}

const WHOLE = new Set(["int64", "int32", "bool"]);

/** The model with its whole numbers that nothing changes, not even the shape of what is fed, as initializers. */
function withWholeNumbers(model: TypedModel, constants: ReadonlyMap<string, NumericTensor>): TypedModel {
  const changing = changingValues(model, true);
  const isConstant = (name: string) => WHOLE.has(constants.get(name)?.dtype ?? "") && !changing.has(name);
  return withConstants(model, constants, ({ outputs }) => outputs.every(isConstant));
}
