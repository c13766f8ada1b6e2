import { describe, expect, it } from "vitest";
import { untreated } from "../../src/adoption/untreated.ts";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { type Attributes, int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import type { NumericType } from "../../src/onnx/dtype.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { float32, type NumericTensor, sizeOf } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { countCodes, countNonzeroCodes } from "../../src/operators/quantized/codes.ts";
import { quantizedLayersOf, quantizedMacsOf } from "../../src/operators/quantized/layers.ts";

const engine = nodeEngine({ threads: 1 });

/** A network in the making, whose weights are 0, 1, 2 and so on. */
class Net {
  readonly model = emptyModel("quantized");
  readonly graph = new GraphBuilder(this.model);

  constructor() {
    this.model.opsets.set("", 21).set("com.microsoft", 1);
    this.model.irVersion = 10;
  }

  input(dtype: NumericType, ...shape: number[]): string {
    const name = this.graph.fresh("x");
    this.model.inputs.push({ name, dtype, shape });
    return name;
  }

  codes(dtype: "uint8" | "int8", dims: number[], name = "layer.weight_quantized"): string {
    const all = Array.from({ length: sizeOf(dims) }, (_, i) => i % 100);
    const data = dtype === "int8" ? Int8Array.from(all) : Uint8Array.from(all);
    return this.graph.initializer(name, { dtype, dims, data });
  }

  zero(dtype: "uint8" | "int8", ...values: number[]): string {
    const tensor: NumericTensor = {
      dtype,
      dims: values.length === 1 ? [] : [values.length],
      data: dtype === "int8" ? Int8Array.from(values) : Uint8Array.from(values),
    };
    return this.graph.initializer("zero", tensor);
  }

  scale(...dims: number[]): string {
    return this.graph.initializer("scale", float32(dims, new Float32Array(sizeOf(dims)).fill(0.5)));
  }

  /** A node of ONNX Runtime's own. */
  own(op: string, inputs: string[], attributes: Attributes): string {
    const output = this.graph.fresh(op);
    this.model.nodes.push({ name: output, op, domain: "com.microsoft", inputs, outputs: [output], attributes });
    return output;
  }
}

type Build = (net: Net) => string;

describe("layers whose weights are whole numbers", () => {
  const cases: [what: string, Build, op: string, macs: number, weights: number, kept: number][] = [
    [
      "behind a DequantizeLinear",
      (net) => {
        const w = net.graph.emit("DequantizeLinear", [net.codes("int8", [2, 3, 2, 2]), net.scale(2)], { axis: int(0) });
        return net.graph.emit("Conv", [net.input("float32", 1, 3, 5, 5), w]);
      },
      "Conv",
      2 * 16 * 12,
      24,
      23,
    ],
    [
      "behind one with a zero for each column, and turned",
      (net) => {
        const zeros = net.zero("uint8", 0, 1, 2);
        const w = net.graph.emit("DequantizeLinear", [net.codes("uint8", [2, 3]), net.scale(3), zeros], {
          axis: int(1),
        });
        const turned = net.graph.emit("Transpose", [w]);
        return net.graph.emit("MatMul", [net.input("float32", 4, 3), turned]);
      },
      // 0 1 2 are the zeros, 3 4 5 are not.
      "MatMul",
      4 * 3 * 2,
      6,
      3,
    ],
    [
      "cast and scaled",
      (net) => {
        const floats = net.graph.emit("Cast", [net.codes("int8", [2, 3, 2, 2])], { to: int(1) });
        const w = net.graph.emit("Mul", [floats, net.scale(2, 1, 1, 1)]);
        return net.graph.emit("Conv", [net.input("float32", 1, 3, 5, 5), w]);
      },
      "Conv",
      2 * 16 * 12,
      24,
      23,
    ],
    [
      "looked up and then dequantized",
      (net) => {
        const found = net.graph.emit("Gather", [net.codes("uint8", [5, 2]), net.input("int64", 3)]);
        return net.graph.emit("DequantizeLinear", [found, net.scale(), net.zero("uint8", 7)]);
      },
      "Gather",
      0,
      10,
      9,
    ],
    [
      "of ConvInteger",
      (net) => net.graph.emit("ConvInteger", [net.input("uint8", 1, 3, 5, 5), net.codes("uint8", [2, 3, 2, 2])]),
      "ConvInteger",
      2 * 16 * 12,
      24,
      23,
    ],
    [
      "of MatMulInteger",
      (net) => {
        const zero = net.zero("int8", 3);
        return net.graph.emit("MatMulInteger", [net.input("uint8", 2, 4, 3), net.codes("int8", [3, 5]), "", zero]);
      },
      "MatMulInteger",
      8 * 3 * 5,
      15,
      14,
    ],
    [
      "of QLinearConv",
      (net) => {
        const [x, one, zero] = [net.input("uint8", 1, 3, 5, 5), net.scale(), net.zero("uint8", 0)];
        const w = [net.codes("int8", [2, 3, 2, 2]), net.scale(2), net.zero("int8", 0, 0)];
        return net.graph.emit("QLinearConv", [x, one, zero, ...w, one, zero]);
      },
      "QLinearConv",
      2 * 16 * 12,
      24,
      23,
    ],
    [
      "of QLinearMatMul",
      (net) => {
        const [x, one, zero] = [net.input("uint8", 4, 3), net.scale(), net.zero("uint8", 1)];
        return net.graph.emit("QLinearMatMul", [x, one, zero, net.codes("uint8", [3, 5]), one, zero, one, zero]);
      },
      "QLinearMatMul",
      4 * 3 * 5,
      15,
      14,
    ],
    [
      "of QGemm",
      (net) => {
        const [x, one, zero] = [net.input("uint8", 4, 3), net.scale(), net.zero("uint8", 1)];
        const inputs = [x, one, zero, net.codes("uint8", [5, 3]), one, zero, "", one, zero];
        return net.own("QGemm", inputs, { transB: int(1) });
      },
      "QGemm",
      4 * 3 * 5,
      15,
      14,
    ],
    [
      "of QGemm, with a zero for each output",
      (net) => {
        const [x, one, zero] = [net.input("uint8", 4, 6), net.scale(), net.zero("uint8", 1)];
        const [each, zeros] = [net.scale(3), net.zero("uint8", 0, 7, 100)];
        const inputs = [x, one, zero, net.codes("uint8", [3, 6]), each, zeros, "", one, zero];
        return net.own("QGemm", inputs, { transB: int(1) });
      },
      // The codes from 0 to 17: a 0 in the first row and a 7 in the second stand for 0.
      "QGemm",
      4 * 3 * 6,
      18,
      16,
    ],
    [
      "of DynamicQuantizeMatMul",
      (net) =>
        net.own("DynamicQuantizeMatMul", [net.input("float32", 4, 3), net.codes("uint8", [3, 5]), net.scale(1)], {}),
      "DynamicQuantizeMatMul",
      4 * 3 * 5,
      15,
      14,
    ],
    [
      "of four bits, 20 of 32 in each block",
      (net) => {
        const [x, w] = [net.input("float32", 2, 20), net.codes("uint8", [3, 1, 16])];
        return net.own("MatMulNBits", [x, w, net.scale(3)], {
          K: int(20),
          N: int(3),
          bits: int(4),
          block_size: int(32),
        });
      },
      // Bytes from 0 to 47, of which 10 are read of each 16: a low half of 8 stands for 0.
      "MatMulNBits",
      2 * 3 * 20,
      60,
      57,
    ],
  ];

  it.each(cases)("are found %s", async (_, build, op, macs, weights, kept) => {
    const net = new Net();
    net.model.outputs.push({ name: build(net) });
    expect(layersOf(net.model)).toEqual([]);
    const layers = quantizedLayersOf(net.model);
    expect(layers.map(({ name, node }) => [name, node.op])).toEqual([["layer", op]]);
    const [{ codes }] = layers;
    expect([countCodes(codes), countNonzeroCodes(codes)]).toEqual([weights, kept]);
    const typed = await annotate(engine, net.model, {});
    expect(quantizedMacsOf(typed, quantizedLayersOf(typed))).toEqual([macs]);
  });

  it("are named, and are not among what no layer reads", () => {
    const net = new Net();
    const { graph } = net;
    const dequantized = graph.emit("DequantizeLinear", [net.codes("int8", [4, 6]), net.scale()]);
    const hidden = graph.emit("MatMul", [net.input("float32", 1, 4), dequantized]);
    const w = graph.initializer("last.weight", float32([6, 2], new Float32Array(12).fill(1)));
    net.model.outputs.push({ name: graph.emit("MatMul", [hidden, w]) });
    expect(untreated(net.model, true)).toEqual([
      "66.7% of the weights are quantized (int8) and stay as they are: layer.",
    ]);
    expect(untreated(net.model, true, true)).toEqual([]);
  });
});
