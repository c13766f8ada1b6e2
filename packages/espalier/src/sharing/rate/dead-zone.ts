import { float, int } from "../../onnx/attributes.ts";
import { float32 } from "../../onnx/tensor.ts";
import { roundingRules } from "../scaled/straight-through.ts";
import { evenly, type Quantizer } from "./quantizer.ts";

/** The dead zone before it is learned, before the softplus: next to none. */
const FIRST = -3;

/**
 * A dead zone that is learned (CoDeQ: Wenshoej et al., arXiv 2512.12981): a code u becomes
 *
 *     sign(u) round(max(|u| - d, 0))
 *
 * with a width d of each tensor, whose gradient and those of all codes, dead ones too, go straight through. What is priced
 * is not the bits but how narrow the zone is: exp(-d) for each code.
 */
export const deadZone: Quantizer = {
  rules: new Map([...roundingRules, ["ThresholdedRelu", ({ gradient }) => [gradient]]]),
  quantize(graph, { codes, rows, columns }, name) {
    const zone = graph.initializer(`${name}/zone`, float32([1, 1], Float32Array.of(FIRST)));
    const width = graph.emit("Softplus", [zone]);
    const beyond = graph.emit("Sub", [graph.emit("Abs", [codes]), width]);
    const size = graph.emit("Round", [graph.emit("ThresholdedRelu", [beyond], { alpha: float(0) })]);
    const narrow = graph.emit("ReduceSum", [graph.emit("Exp", [graph.emit("Neg", [width])])], { keepdims: int(0) });
    return {
      whole: graph.emit("Mul", [graph.emit("Sign", [codes]), size]),
      bits: graph.emit("Mul", [narrow, graph.scalar("float32", rows * columns)]),
      read(trained) {
        const own = Math.log1p(Math.exp(trained.get(zone)?.data[0] ?? FIRST));
        return (code) => Math.sign(code) * evenly(Math.max(0, Math.abs(code) - own));
      },
    };
  },
};
