import fc from "fast-check";
import { type Attributes, int, ints, string } from "../../../src/onnx/attributes.ts";
import { type CaseFamily, type Drawn, dim, names, type Unseeded } from "./drawn.ts";
import { windows } from "./windows.ts";

/** Convolutions are linear in each input, so the difference may be as far as it likes. */
const linear = { dtype: "float32", step: 1 } as const;

const operands = {
  batch: dim,
  groups: fc.integer({ min: 1, max: 2 }),
  channels: fc.integer({ min: 1, max: 2 }),
  filters: fc.integer({ min: 1, max: 3 }),
  bias: fc.boolean(),
};

const conv: Drawn = fc
  .record({ window: windows({ dilate: true, most: 3 }), ...operands })
  .map(({ window, batch, groups, channels, filters, bias }) => ({
    inputs: [
      [batch, channels * groups, ...window.size],
      [filters * groups, channels, ...window.kernel],
      ...(bias ? [[filters * groups]] : []),
    ],
    build: (graph) => graph.emit("Conv", names(bias ? 3 : 2), { ...window.attributes, group: int(groups) }),
    ...linear,
  }));

const convTranspose: Drawn = fc
  .record({
    window: windows({ dilate: true, most: 3 }),
    extra: fc.array(dim, { minLength: 2, maxLength: 2 }),
    ...operands,
  })
  .filter(({ window }) => window.attributes.auto_pad === undefined)
  .map(({ window, extra, batch, groups, channels, filters, bias }) => {
    const { strides } = window.attributes;
    const steps = strides.kind === "ints" ? strides.value : [];
    const padding = { output_padding: ints(steps.map((step, i) => Math.min(step, extra[i]) - 1)) };
    return {
      inputs: [
        [batch, channels * groups, ...window.size],
        [channels * groups, filters, ...window.kernel],
        ...(bias ? [[filters * groups]] : []),
      ],
      build: (graph) =>
        graph.emit("ConvTranspose", names(bias ? 3 : 2), { ...window.attributes, ...padding, group: int(groups) }),
      ...linear,
    };
  });

function convolved(op: string, input: number[], filter: number[], attributes: Attributes): Unseeded {
  return { inputs: [input, filter], build: (graph) => graph.emit(op, ["x0", "x1"], attributes), ...linear };
}

export const convolutionCases: CaseFamily = {
  Conv: {
    drawn: conv,
    runs: 40,
    edges: {
      "channel by channel": convolved("Conv", [2, 4, 6, 6], [8, 1, 3, 3], {
        group: int(4),
        pads: ints([1, 1, 1, 1]),
        strides: ints([2, 2]),
      }),
      "SAME_UPPER and strides beyond the kernel": convolved("Conv", [2, 2, 8, 7], [3, 2, 1, 1], {
        auto_pad: string("SAME_UPPER"),
        strides: ints([2, 3]),
      }),
      "three axes": convolved("Conv", [1, 2, 4, 5, 4], [3, 2, 2, 2, 2], { strides: ints([1, 2, 1]) }),
    },
  },
  ConvTranspose: {
    drawn: convTranspose,
    runs: 30,
    edges: {
      "channel by channel": convolved("ConvTranspose", [2, 4, 3, 3], [4, 1, 3, 3], {
        group: int(4),
        pads: ints([1, 1, 1, 1]),
        strides: ints([2, 2]),
        output_padding: ints([1, 1]),
      }),
      ...Object.fromEntries(
        ["SAME_UPPER", "SAME_LOWER", "VALID"].flatMap((auto) =>
          [1, 2].map((stride) => [
            `${auto}: stride ${stride}`,
            convolved("ConvTranspose", [2, 2, 3, 4], [2, 3, 4, 3], {
              auto_pad: string(auto),
              strides: ints([stride, stride]),
            }),
          ]),
        ),
      ),
      "a smaller output_shape": convolved("ConvTranspose", [2, 2, 3, 4], [2, 3, 4, 3], {
        output_shape: ints([5, 4]),
      }),
      "a larger output_shape": convolved("ConvTranspose", [2, 2, 3, 4], [2, 3, 3, 2], {
        strides: ints([2, 3]),
        output_shape: ints([8, 12]),
      }),
      "three axes": convolved("ConvTranspose", [1, 2, 2, 3, 2], [2, 3, 2, 2, 2], { strides: ints([1, 2, 1]) }),
    },
  },
};
