import { annotate } from "../../engine/annotate.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import { float32 } from "../../onnx/tensor.ts";
import { typedModel } from "../../onnx/typed.ts";
import { learnedTensors, type Parameters, parametersOf } from "../../training/parameters.ts";
import { countAll } from "../mask.ts";
import { constantsOf } from "./constants.ts";
import { deadUnits } from "./dead.ts";
import { flowOf, withOwnBiases } from "./flow.ts";
import { type Take, withoutUnits } from "./without.ts";

/**
 * Cuts every connection to and from dead units, with their biases (Han et al., NIPS 2015, section 3.5), and leaves the
 * network in its shape: what is removed there is zero here. The outputs are the same but for rounding.
 * @returns all trainable parameters and running statistics
 */
export async function clearDeadUnits(engine: Engine, source: Model): Promise<Parameters> {
  const names = learnedTensors(source);
  let model = await annotate(engine, source, { batch: 1 });
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    const parameters = parametersOf(model, names);
    const { nonzero } = countAll(parameters);
    if (nonzero >= before) return parameters;
    before = nonzero;
    const flow = withOwnBiases(flowOf(model));
    const constants = constantsOf(model, flow);
    model = typedModel(withoutUnits(model, flow, constants, deadUnits(model, flow, constants), zeroed));
  }
}

/** Tensors in their shapes with zeros at all but the places that are left. */
const zeroed: Take = {
  smaller: false,
  tensor({ dims, data }, { places }, neutral) {
    const tensor = float32(dims, new Float32Array(data.length).fill(neutral));
    for (const place of places) tensor.data[place] = data[place];
    return tensor;
  },
};
