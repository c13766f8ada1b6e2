import type { LearningData } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { copyModel, type Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import type { Statistics } from "../sharing/scaled/statistics.ts";
import { type CalibrateOptions, rangesOf } from "./calibrate.ts";
import { type Codes, codesFor, worthCodes } from "./codes.ts";
import { withDynamic } from "./dynamic.ts";
import { among, type Form, heldAs } from "./form.ts";
import { hasIntegerKernel } from "./integer-layers.ts";
import type { Plan } from "./ladder.ts";
import { withShortNames } from "./names.ts";
import { placementOf } from "./placement.ts";
import { nodesOf, withInt8 } from "./qdq.ts";
import type { Treatment } from "./treatment.ts";

const COMPUTED: readonly Treatment[] = ["int8", "int8 weights", "float32"];
const HELD: readonly Treatment[] = ["int8 weights", "float32"];
const PAIRS = new Set(["QuantizeLinear", "DequantizeLinear"]);

/** What tells of a network's values: nothing, where no samples are given. */
export interface Seen {
  readonly data: LearningData;
  /** Of its layers, where their gradients are known. */
  readonly statistics?: Statistics;
}

/**
 * Eight bits: layers compute on whole numbers where ONNX Runtime has kernels for that, with ranges of what they read that
 * samples tell; without samples MatMul and Gemm find them in each run. Of other layers the weights alone have eight bits.
 */
export async function int8Form(
  engine: Engine,
  base: Model,
  seen: Seen | undefined,
  options: CalibrateOptions = {},
): Promise<Form> {
  const layers = worthCodes(layersOf(base, { nested: true }));
  const codes = codesFor(base, layers, seen?.statistics);
  const computed = new Set(
    layers
      .filter((layer) => hasIntegerKernel(base, layer) && (seen !== undefined || layer.node.op !== "Conv"))
      .map(({ weight }) => weight),
  );
  const ways = new Map(layers.map(({ weight }) => [weight, computed.has(weight) ? COMPUTED : HELD]));
  if (!seen) {
    return {
      ways,
      write(model, plan) {
        const dynamic = withDynamic(model, among(codes.weights, heldAs(plan, "int8")));
        const held = among(codes.weights, heldAs(plan, "int8 weights"));
        return withInt8(dynamic, { codes: held, computed: new Set(), ranges: new Map() });
      },
    };
  }
  const { values } = placementOf(base, nodesOf(base, computed));
  const ranges = await rangesOf(engine, base, seen.data, [...values.keys()], options);
  return {
    ways,
    write(model, plan) {
      const held = among(codes.weights, heldAs(plan, "int8", "int8 weights"));
      const fitted = withBiases(model, codes, plan);
      const made = withInt8(fitted, { codes: held, computed: heldAs(plan, "int8"), ranges });
      return withShortNames(made, "v", PAIRS);
    },
  };
}

/** The biases that go with codes, of the layers that have them. */
function withBiases(model: Model, { biasOf }: Codes, plan: Plan): Model {
  const fitted = copyModel(model);
  for (const layer of heldAs(plan, "int8", "int8 weights")) {
    const bias = biasOf.get(layer);
    if (bias) fitted.initializers.set(bias.name, bias.tensor);
  }
  return fitted;
}
