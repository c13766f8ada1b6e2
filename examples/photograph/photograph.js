import { load, Network } from "espalier-runtime";
import * as ort from "onnxruntime-web/wasm";
import { DIMS } from "./input.js";
import { page, showProgress } from "./page.js";

// Isolated pages would give ONNX Runtime more threads: both are timed on one.
ort.env.wasm.numThreads = 1;

const onnx = load(new URL("squeezenet.esp", import.meta.url), { worker: true, onProgress: showProgress });

page(onnx, {
  async dense() {
    const session = await ort.InferenceSession.create(await onnx);
    const [[input], [output]] = [session.inputNames, session.outputNames];
    return async (image) => {
      const results = await session.run({ [input]: new ort.Tensor("float32", image, DIMS) });
      return results[output].data;
    };
  },
  async sparse() {
    const network = await Network.load(await onnx);
    const [[input], [output]] = [network.inputs, network.outputs];
    return (image) => network.run({ [input]: { dims: DIMS, data: image } })[output].data;
  },
});
