/**
 * Is a layer whose weights are bytes quicker than one of floats, and by which arithmetic?
 *
 * Layers of networks that people ship, one sample and eight, on one thread: weights of float32; bytes behind a
 * DequantizeLinear, with a float input, which the runtime makes floats of as it reads them; and with an input that is
 * quantized too, which it multiplies as whole numbers. Milliseconds are the least of turns: other programs can only add to them.
 */
import Table from "cli-table3";
import { int, ints } from "../packages/espalier/src/onnx/attributes.ts";
import { GraphBuilder } from "../packages/espalier/src/onnx/builder.ts";
import { emptyModel, type Model } from "../packages/espalier/src/onnx/graph.ts";
import { float32, type NumericTensor, sizeOf } from "../packages/espalier/src/onnx/tensor.ts";
import { writeModel } from "../packages/espalier/src/onnx/write.ts";
import { random } from "../packages/espalier/src/random.ts";
import { Network } from "../packages/runtime/src/network/network.ts";

const TURNS = 15;
const LAYERS: readonly { name: string; input: number[]; weights: number[]; pad?: number }[] = [
  { name: "conv 3x3, 64 to 64 at 28 x 28", input: [64, 28, 28], weights: [64, 64, 3, 3], pad: 1 },
  { name: "conv 3x3, 256 to 256 at 7 x 7", input: [256, 7, 7], weights: [256, 256, 3, 3], pad: 1 },
  { name: "conv 1x1, 128 to 256 at 14 x 14", input: [128, 14, 14], weights: [256, 128, 1, 1] },
  { name: "product, 512 to 512", input: [512], weights: [512, 512] },
  { name: "product, 2048 to 2048", input: [2048], weights: [2048, 2048] },
];
const FORMS = ["float32", "bytes, float in", "bytes, bytes in"] as const;

function layer({ input, weights, pad = 0 }: (typeof LAYERS)[number], form: (typeof FORMS)[number]): Model {
  const model = emptyModel("layer");
  model.opsets.set("", 21);
  model.irVersion = 10;
  const graph = new GraphBuilder(model);
  const { uniform } = random(1, "codes");
  const count = sizeOf(weights);
  model.inputs.push({ name: "x", dtype: "float32", shape: ["n", ...input] });
  graph.reserve("x");
  let x = "x";
  if (form === "bytes, bytes in") {
    const [scale, zero] = [
      graph.scalar("float32", Math.fround(0.02)),
      graph.constant({ dtype: "uint8", dims: [], data: Uint8Array.of(120) }),
    ];
    x = graph.emit("DequantizeLinear", [graph.emit("QuantizeLinear", [x, scale, zero]), scale, zero]);
  }
  let w: string;
  if (form === "float32") {
    w = graph.initializer(
      "w",
      float32(
        weights,
        Float32Array.from({ length: count }, () => uniform() - 0.5),
      ),
    );
  } else {
    const codes: NumericTensor = {
      dtype: "int8",
      dims: weights,
      data: Int8Array.from({ length: count }, () => 255 * uniform() - 127),
    };
    const scales = float32([weights[0]], new Float32Array(weights[0]).fill(1 / 254));
    w = graph.emit("DequantizeLinear", [graph.initializer("w", codes), graph.initializer("s", scales)], {
      axis: int(0),
    });
  }
  const output =
    weights.length === 4
      ? graph.emit("Conv", [x, w], { pads: ints([pad, pad, pad, pad]) })
      : graph.emit("Gemm", [x, w], { transB: int(1) });
  model.outputs.push({ name: output, dtype: "float32" });
  return model;
}

const table = new Table({
  head: ["layer", "samples", ...FORMS.map((form) => `${form}, ms`)],
  style: { head: [], border: [], compact: true },
});
for (const one of LAYERS) {
  for (const samples of [1, 8]) {
    const dims = [samples, ...one.input];
    const { normal } = random(2, "codes");
    const x = float32(dims, Float32Array.from({ length: sizeOf(dims) }, normal));
    const networks = await Promise.all(FORMS.map((form) => Network.load(writeModel(layer(one, form)))));
    const times: number[][] = networks.map(() => []);
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [i, network] of networks.entries()) {
        const start = performance.now();
        network.run({ x });
        times[i].push(performance.now() - start);
      }
    }
    table.push([one.name, samples, ...times.map((each) => Math.min(...each).toFixed(2))]);
  }
}
process.stdout.write(`${table.toString()}\n`);
