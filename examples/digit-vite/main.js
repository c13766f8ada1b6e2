import { load, Network } from "espalier-runtime";
import * as ort from "onnxruntime-web/wasm";
import file from "../digit/lenet-5.esp?url";
import { page, showProgress } from "../digit/page.js";
import "../shared/page.css";
import "../digit/page.css";

ort.env.wasm.numThreads = 1;

const onnx = load(file, { worker: true, onProgress: showProgress });

page({
  async dense() {
    const session = await ort.InferenceSession.create(await onnx);
    return async (image) => {
      const { logits } = await session.run({ input: new ort.Tensor("float32", image, [1, 1, 28, 28]) });
      return logits.data;
    };
  },
  async sparse() {
    const network = await Network.load(await onnx);
    return (image) => network.run({ input: { dims: [1, 1, 28, 28], data: image } }).logits.data;
  },
});
