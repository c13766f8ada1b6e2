import type { Model } from "../onnx/graph.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { layersOf } from "../operators/layers.ts";
import { type Form, heldAs } from "./form.ts";
import { withHalves } from "./half.ts";

/**
 * Halves: weights, and what is computed of them where halves are enough.
 * @param typed the network for some inputs, which tells the types of its values
 */
export function float16Form(base: Model, typed: TypedModel): Form {
  const known = new Map([...typed.inputs, ...typed.outputs, ...typed.values.values()].map((v) => [v.name, v.dtype]));
  return {
    ways: new Map(layersOf(base, { nested: true }).map(({ weight }) => [weight, ["float16", "float32"]])),
    write: (model, plan) =>
      withHalves(model, { isFloat: (name) => known.get(name) === "float32", kept: heldAs(plan, "float32") }),
  };
}
