import fc from "fast-check";
import { type Attributes, int, ints, string } from "../../../src/onnx/attributes.ts";
import { awayFrom, type Case, distinct, positive } from "../check-gradient.ts";
import { type CaseFamily, type Drawn, dim, flag, shape, type Unseeded } from "./drawn.ts";
import { windows } from "./windows.ts";

const linear: Partial<Case> = { dtype: "float32", step: 1 };
/** No two so near that the step changes their order. */
const ordered: Partial<Case> = { dtype: "float32", values: distinct, step: 0.25 };

const pool = (op: string, more: Partial<Case>, extra: fc.Arbitrary<Attributes> = fc.constant({})): Drawn =>
  fc.record({ window: windows({ dilate: false, most: 3 }), batch: dim, channels: dim, extra }).map((drawn) => ({
    inputs: [[drawn.batch, drawn.channels, ...drawn.window.size]],
    build: (graph) => graph.emit(op, ["x0"], { ...drawn.window.attributes, ...drawn.extra }),
    ...more,
  }));

const global = (op: string, more: Partial<Case>, attributes: Attributes = {}): Drawn =>
  shape(3, 4).map((dims) => ({
    inputs: [dims],
    build: (graph) => graph.emit(op, ["x0"], attributes),
    ...more,
  }));

function pooled(op: string, more: Partial<Case>, dims: number[], attributes: Attributes): Unseeded {
  return { inputs: [dims], build: (graph) => graph.emit(op, ["x0"], attributes), ...more };
}
const maximum = (dims: number[], attributes: Attributes) => pooled("MaxPool", ordered, dims, attributes);
const average = (dims: number[], attributes: Attributes) => pooled("AveragePool", linear, dims, attributes);

/** Windows that hang over the padding, as rounding the output's size up lets them. */
function overhanging(of: (dims: number[], attributes: Attributes) => Unseeded, more: Attributes = {}) {
  const drawn: [kernel: number, stride: number, pads: number[], size: number][] = [
    [3, 2, [0, 0, 0, 0], 8],
    [3, 2, [1, 1, 1, 1], 8],
    [3, 2, [0, 1, 1, 0], 7],
    [2, 3, [1, 1, 1, 1], 9],
  ];
  const named = drawn.map(([kernel, stride, pads, size]) => {
    const attributes = {
      kernel_shape: ints([kernel, kernel]),
      strides: ints([stride, stride]),
      pads: ints(pads),
      ceil_mode: int(1),
      ...more,
    };
    const included = more.count_include_pad ? ", padding included" : "";
    const name = `ceil_mode: ${kernel}x${kernel}, stride ${stride}, pads ${pads}, over ${size}x${size}${included}`;
    return [name, of([2, 2, size, size], attributes)] as const;
  });
  return Object.fromEntries(named);
}

const square = (kernel: number, stride = kernel): Attributes => ({
  kernel_shape: ints([kernel, kernel]),
  strides: ints([stride, stride]),
});

export const poolingCases: CaseFamily = {
  MaxPool: {
    drawn: pool("MaxPool", ordered),
    runs: 25,
    edges: {
      ...overhanging(maximum),
      "places that count down the columns: side by side": maximum([2, 2, 6, 8], {
        ...square(2),
        storage_order: int(1),
      }),
      "places that count down the columns: overlapping": maximum([2, 2, 6, 8], {
        ...square(3, 2),
        storage_order: int(1),
      }),
      dilation: maximum([2, 2, 9, 9], { kernel_shape: ints([2, 2]), dilations: ints([2, 3]) }),
      "three axes": maximum([1, 2, 4, 4, 4], { kernel_shape: ints([2, 2, 2]), strides: ints([2, 2, 2]) }),
      float64: { ...maximum([2, 2, 6, 6], square(2)), dtype: "float64" },
    },
  },
  AveragePool: {
    drawn: pool(
      "AveragePool",
      linear,
      flag.map((include) => ({ count_include_pad: int(include) })),
    ),
    runs: 25,
    edges: {
      ...overhanging(average),
      ...overhanging(average, { count_include_pad: int(1) }),
      ...Object.fromEntries(
        ["SAME_UPPER", "SAME_LOWER", "VALID"].map((auto) => [
          auto,
          average([1, 2, 7, 6], { kernel_shape: ints([3, 2]), strides: ints([2, 2]), auto_pad: string(auto) }),
        ]),
      ),
      dilation: {
        ...average([2, 2, 9, 9], { kernel_shape: ints([2, 2]), dilations: ints([2, 3]) }),
        opset: 19,
      },
    },
  },
  LpPool: {
    drawn: fc
      .integer({ min: 1, max: 3 })
      .chain((p) => pool("LpPool", { dtype: "float32", values: awayFrom(0) }, fc.constant({ p: int(p) }))),
    runs: 10,
    edges: {
      "windows of zeros": {
        ...pooled("LpPool", { dtype: "float32" }, [1, 1, 4, 4], square(2)),
        values: (_, size) => Array(size).fill(0),
      },
    },
  },
  GlobalAveragePool: { drawn: global("GlobalAveragePool", linear) },
  GlobalMaxPool: { drawn: global("GlobalMaxPool", ordered) },
  GlobalLpPool: {
    drawn: fc
      .integer({ min: 2, max: 3 })
      .chain((p) => global("GlobalLpPool", { dtype: "float32", values: positive }, { p: int(p) })),
  },
};
