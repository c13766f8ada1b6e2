import fc from "fast-check";
import { int } from "../../../src/onnx/attributes.ts";
import { scalar } from "../../../src/onnx/tensor.ts";
import { alongAxis, type CaseFamily, type Drawn, shape } from "./drawn.ts";

/** In training the mask changes from run to run, so here nothing is dropped; the mask's own test is elsewhere. */
const dropout: Drawn = fc
  .record({ dims: shape(1, 3), training: fc.boolean(), ratio: fc.constantFrom(0, 0.3, 0.6) })
  .map(({ dims, training, ratio }) => ({
    inputs: [dims],
    build: (graph, dtype) =>
      graph.emit(
        "Dropout",
        ["x0", graph.scalar(dtype, training ? 0 : ratio), graph.constant(scalar("bool", training ? 1 : 0))],
        { seed: int(7) },
      ),
  }));

export const probabilityCases: CaseFamily = {
  Softmax: { drawn: alongAxis("Softmax") },
  LogSoftmax: { drawn: alongAxis("LogSoftmax") },
  Dropout: { drawn: dropout, runs: 10 },
};
