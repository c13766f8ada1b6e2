import { describe, expect, it } from "vitest";
import { annotate } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { int, ints, string } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { copyModel, emptyModel, type Model } from "../../src/onnx/graph.ts";
import { float32, sizeOf } from "../../src/onnx/tensor.ts";
import { layersOf } from "../../src/operators/layers.ts";
import { cutTo } from "../../src/pruning/reconstruction/cut.ts";
import { random } from "../../src/random.ts";
import { LeastSquares } from "../../src/reconstruction/least-squares.ts";
import { linearLayer } from "../../src/reconstruction/linear.ts";
import { momentsOf } from "../../src/reconstruction/moments.ts";

const engine = nodeEngine({ threads: 1 });

function numbers(size: number, seed: number): Float32Array {
  const { normal } = random(seed, "numbers");
  return Float32Array.from({ length: size }, normal);
}

type Attributes = Parameters<GraphBuilder["emit"]>[2];

/** A model of one layer. */
function oneLayer(op: string, input: number[], weights: number[], attributes: Attributes, bias?: number): Model {
  const model = emptyModel("one layer");
  const graph = new GraphBuilder(model);
  model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", ...input] });
  graph.reserve("x");
  const parameters = [graph.initializer("layer.weight", float32(weights, numbers(sizeOf(weights), 1)))];
  if (bias) parameters.push(graph.initializer("layer.bias", float32([bias], numbers(bias, 2))));
  graph.emit(op, ["x", ...parameters], attributes, "y");
  model.outputs.push({ name: "y" });
  return model;
}

/** x W with W through a Transpose. */
function turned(input: number[], weights: number[]): Model {
  const model = oneLayer("MatMul", input, weights, {});
  const graph = new GraphBuilder(model);
  const [product] = model.nodes;
  const straight = graph.emit("Transpose", ["layer.weight"]);
  model.nodes = [...model.nodes.slice(1), { ...product, inputs: ["x", straight] }];
  return model;
}

/** W x, with a bias behind. */
function fromTheLeft(input: number[], weights: number[]): Model {
  const model = oneLayer("MatMul", input, weights, {});
  const [product] = model.nodes;
  model.initializers.set("layer.bias", float32([weights[0], 1], numbers(weights[0], 2)));
  const add = { ...product, name: "sum", op: "Add", inputs: ["layer.bias", "product"] };
  model.nodes = [{ ...product, inputs: ["layer.weight", "x"], outputs: ["product"] }, add];
  return model;
}

const window = (kernel: number, stride: number, pad: number, group = 1) => ({
  kernel_shape: ints([kernel, kernel]),
  strides: ints([stride, stride]),
  pads: ints([pad, 0, pad, pad]),
  group: int(group),
});

describe("a layer as matrices", () => {
  it.each<[string, Model, number[]]>([
    ["a convolution", oneLayer("Conv", [3, 7, 6], [4, 3, 3, 3], window(3, 2, 1), 4), [3, 7, 6]],
    ["a convolution in groups", oneLayer("Conv", [4, 5, 5], [6, 2, 3, 3], window(3, 1, 1, 2)), [4, 5, 5]],
    ["a depthwise convolution", oneLayer("Conv", [3, 5, 5], [3, 1, 3, 3], window(3, 1, 1, 3)), [3, 5, 5]],
    [
      "a dilated convolution",
      oneLayer("Conv", [2, 8, 8], [3, 2, 2, 2], { ...window(2, 1, 0), dilations: ints([2, 2]) }),
      [2, 8, 8],
    ],
    ["a Gemm", oneLayer("Gemm", [5], [3, 5], { transB: int(1) }, 3), [5]],
    ["a Gemm the other way", oneLayer("Gemm", [5], [5, 3], {}, 3), [5]],
    ["a MatMul", oneLayer("MatMul", [4, 5], [5, 3], {}), [4, 5]],
    ["a MatMul from the left", fromTheLeft([4, 5], [3, 4]), [4, 5]],
    ["a MatMul by weights that are turned", turned([4, 5], [3, 5]), [4, 5]],
    ["a ConvTranspose", oneLayer("ConvTranspose", [3, 4, 4], [3, 2, 3, 3], {}, 2), [3, 4, 4]],
    ["a ConvTranspose in groups", oneLayer("ConvTranspose", [4, 5, 3], [4, 3, 3, 3], window(3, 2, 1, 2), 6), [4, 5, 3]],
    [
      "a dilated ConvTranspose",
      oneLayer("ConvTranspose", [2, 4, 4], [2, 3, 3, 2], {
        strides: ints([3, 2]),
        dilations: ints([2, 1]),
        output_padding: ints([1, 0]),
        pads: ints([4, 1, 0, 0]),
      }),
      [2, 4, 4],
    ],
    [
      "a ConvTranspose with SAME_UPPER",
      oneLayer("ConvTranspose", [2, 4, 5], [2, 3, 3, 4], { strides: ints([2, 3]), auto_pad: string("SAME_UPPER") }),
      [2, 4, 5],
    ],
    [
      "a ConvTranspose to a shape",
      oneLayer("ConvTranspose", [2, 4, 5], [2, 3, 4, 4], { strides: ints([2, 2]), output_shape: ints([7, 11]) }),
      [2, 4, 5],
    ],
    ["an Einsum", oneLayer("Einsum", [4, 5], [3, 5], { equation: string("btd,kd->btk") }), [4, 5]],
    ["an Einsum by heads", oneLayer("Einsum", [3, 5], [5, 3, 2], { equation: string("bhd,dhe->bhe") }), [3, 5]],
    ["an Einsum with an ellipsis", oneLayer("Einsum", [4, 5], [5, 3], { equation: string("...d,dk->...k") }), [4, 5]],
  ])("%s: its outputs are the matrices by what was unfolded", async (_, model, input) => {
    const batch = 2;
    const annotated = await annotate(engine, model, { batch });
    const [layer] = layersOf(annotated);
    const linear = linearLayer(annotated, layer);
    if (!linear) throw new Error("no layer");
    const both = copyModel(annotated);
    const graph = new GraphBuilder(both);
    both.outputs.push({ name: linear.unfold(graph, "x") });
    const program = await engine.compile(both);
    const x = float32([batch, ...input], numbers(batch * sizeOf(input), 3));
    const outputs = await program.run({ x });
    await program.release();
    const y = outputs.y;
    const unfolded = outputs[both.outputs[1].name];
    const { groups, rows, columns } = linear;
    const places = unfolded.dims[1];
    expect(unfolded.dims).toEqual([groups, places, columns]);
    const matrices = linear.matrices(layer.tensor);
    expect(linear.weights(matrices).data).toEqual(layer.tensor.data);
    const bias = annotated.initializers.get("layer.bias")?.data;
    const perSample = places / batch;
    for (let g = 0; g < groups; g++) {
      for (let row = 0; row < rows; row++) {
        for (let place = 0; place < places; place++) {
          let sum = Number(bias?.[g * rows + row] ?? 0);
          for (let c = 0; c < columns; c++) {
            sum += matrices[(g * rows + row) * columns + c] * Number(unfolded.data[(g * places + place) * columns + c]);
          }
          const [sample, at] = [Math.floor(place / perSample), place % perSample];
          // Channels come before places in a convolution's output, behind them in a product's.
          const channel = g * rows + row;
          const index =
            layer.node.op.startsWith("Conv") || layer.operand === 0
              ? (sample * groups * rows + channel) * perSample + at
              : (sample * perSample + at) * groups * rows + channel;
          expect(Number(y.data[index])).toBeCloseTo(sum, 4);
        }
      }
    }
  });

  it("others are none", async () => {
    const models = [
      oneLayer("Gemm", [5], [3, 5], { transB: int(1), alpha: { kind: "float", value: 2 } }, 3),
      oneLayer("MatMul", [2, 4, 5], [2, 5, 3], {}),
      oneLayer("Einsum", [4, 5], [5, 3], { equation: string("btd,ek->bdek") }),
      oneLayer("Einsum", [4, 5], [5, 3], { equation: string("btd,dk->bt") }),
      oneLayer("Einsum", [4, 1], [5, 3], { equation: string("btd,dk->btk") }),
    ];
    for (const model of models) {
      const annotated = await annotate(engine, model, { batch: 1 });
      expect(linearLayer(annotated, layersOf(annotated)[0])).toBeUndefined();
    }
  });
});

/** Solves a x = b by elimination. */
function solve(a: number[][], b: number[]): number[] {
  const rows = a.map((row, i) => [...row, b[i]]);
  for (let i = 0; i < rows.length; i++) {
    const pivot = rows.slice(i).reduce((most, row) => (Math.abs(row[i]) > Math.abs(most[i]) ? row : most));
    rows.splice(rows.indexOf(pivot), 1);
    rows.splice(i, 0, pivot);
    for (let j = 0; j < rows.length; j++) {
      if (j === i) continue;
      const factor = rows[j][i] / pivot[i];
      rows[j] = rows[j].map((value, k) => value - factor * pivot[k]);
    }
  }
  return rows.map((row, i) => row[rows.length] / row[i]);
}

describe("least squares", () => {
  const shape = { groups: 2, rows: 3, columns: 6 };
  const { groups, rows, columns } = shape;
  /** Moments of random samples: y, and x which is y with noise. */
  function moments() {
    const second = new Float32Array(groups * columns * columns);
    const cross = new Float32Array(groups * columns * columns);
    const { normal } = random(5, "samples");
    for (let g = 0; g < groups; g++) {
      for (let n = 0; n < 40; n++) {
        const shared = normal();
        const y = Array.from({ length: columns }, () => normal() + shared);
        const x = y.map((value) => value + 0.3 * normal());
        for (let i = 0; i < columns; i++) {
          for (let j = 0; j < columns; j++) {
            second[(g * columns + i) * columns + j] += (x[i] * x[j]) / 40;
            cross[(g * columns + i) * columns + j] += (y[i] * x[j]) / 40;
          }
        }
      }
    }
    return { columns, second, cross };
  }

  it("are those of the normal equations on what the mask keeps", async () => {
    const given = moments();
    const whole = numbers(groups * rows * columns, 7);
    const mask = Uint8Array.from(whole, (_, i) => (i % 3 === 0 ? 0 : 1));
    const squares = await LeastSquares.create(engine, shape, given, whole);
    const start = whole.map((w, i) => w * mask[i]);
    const fitted = await squares.fit(mask, start, 100);
    const square = (of: Float32Array, g: number, i: number, j: number) => of[(g * columns + i) * columns + j];
    let trace = 0;
    for (let g = 0; g < groups; g++) for (let i = 0; i < columns; i++) trace += square(given.second, g, i, i);
    const ridge = (0.01 * trace) / (groups * columns);
    for (let g = 0; g < groups; g++) {
      for (let row = 0; row < rows; row++) {
        const at = (i: number) => (g * rows + row) * columns + i;
        const kept = Array.from({ length: columns }, (_, i) => i).filter((i) => mask[at(i)] === 1);
        const a = kept.map((i) => kept.map((j) => square(given.second, g, i, j) + (i === j ? ridge : 0)));
        const b = kept.map((j) => {
          let sum = ridge * whole[at(j)];
          for (let i = 0; i < columns; i++) sum += whole[at(i)] * square(given.cross, g, i, j);
          return sum;
        });
        const exact = solve(a, b);
        for (const [k, i] of kept.entries()) expect(fitted[at(i)]).toBeCloseTo(exact[k], 3);
      }
    }
    for (const [i, w] of fitted.entries()) if (mask[i] === 0) expect(w).toBe(0);
    expect(await squares.error(whole, whole)).toBe(0);
    expect(await squares.error(start, whole)).toBeGreaterThan(await squares.error(fitted, whole));
    await squares.release();
  });

  it("are fitted while connections go, to the very numbers; what is cut stays cut", async () => {
    const given = moments();
    const whole = numbers(groups * rows * columns, 8);
    whole.fill(0, 0, 4);
    const squares = await LeastSquares.create(engine, shape, given, whole);
    const errors: number[] = [];
    let before: Float32Array = whole;
    // The last column is taken for the bias.
    for await (const { kept, weights } of cutTo([24, 15, 8], squares, shape, whole, 1)) {
      const connections = weights.filter((w, i) => i % columns < columns - 1 && w !== 0);
      expect(connections).toHaveLength(kept);
      expect(weights.every((w, i) => w === 0 || before[i] !== 0)).toBe(true);
      errors.push(kept);
      before = weights;
    }
    expect(errors).toEqual([24, 15, 8]);
    await squares.release();
  });
});

describe("moments", () => {
  it("are means over the places of all batches, with 1 for the bias", async () => {
    const annotated = await annotate(engine, oneLayer("Gemm", [2], [3, 2], { transB: int(1) }, 3), { batch: 2 });
    const linear = linearLayer(annotated, layersOf(annotated)[0]);
    if (!linear) throw new Error("no layer");
    const batch = (...values: number[]) => ({ x: float32([2, 2], Float32Array.from(values)) });
    const { columns, second, cross } = await momentsOf(engine, annotated, linear, [
      { whole: batch(1, 2, 3, 4), pruned: batch(1, 0, 0, 1) },
      { whole: batch(0, 1, 1, 0), pruned: batch(2, 0, 0, 2) },
    ]);
    expect(columns).toBe(3);
    expect([...second]).toEqual([5, 0, 3, 0, 5, 3, 3, 3, 4].map((value) => value / 4));
    expect([...cross]).toEqual([1, 5, 5, 4, 4, 7, 3, 3, 4].map((value) => value / 4));
    const both = batch(1, 0, 0, 1);
    const same = await momentsOf(engine, annotated, linear, [{ whole: both, pruned: both }]);
    expect([...same.second]).toEqual([1, 0, 1, 0, 1, 1, 1, 1, 2].map((value) => value / 2));
    expect(same.cross).toBe(same.second);
  });
});
