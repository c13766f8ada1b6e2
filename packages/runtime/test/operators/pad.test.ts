import fc from "fast-check";
import { it } from "vitest";
import { float, ints, string } from "../../../espalier/src/onnx/attributes.ts";
import { agreeing, fedOf, list, numbers, shapes, TYPES } from "./against-onnxruntime.ts";

const pads = (count: number, least: number) =>
  fc.array(fc.integer({ min: least, max: 2 }), { minLength: count, maxLength: count });

/**
 * What a mode can do with pads: a reflection does not reach past the other end. ONNX Runtime writes zeros where it wraps
 * an axis more than once.
 */
const possible = (mode: string, dims: readonly number[], all: readonly number[]) =>
  dims.every((dim, i) => {
    const [begin, end] = [all[i], all[i + dims.length]];
    const left = dim + Math.min(begin, 0) + Math.min(end, 0);
    const most = Math.max(begin, end);
    return left > 0 && (mode !== "reflect" || most < left) && (mode !== "wrap" || most <= left);
  });

it("Pad with attributes is ONNX Runtime's", () =>
  agreeing(
    shapes(1, 4).chain((dims) =>
      fc
        .record({
          mode: fc.constantFrom("constant", "reflect", "edge"),
          all: pads(2 * dims.length, -1),
          value: fc.constantFrom(0, 1.5),
          set: fc.constantFrom(7, 10),
          seed: fc.nat(),
          fed: fedOf(1),
        })
        .filter(({ mode, all }) => possible(mode, dims, all))
        .map(({ mode, all, value, set, seed, fed }) => ({
          op: "Pad",
          set,
          attributes: { mode: string(mode), pads: ints(all), value: float(value) },
          inputs: [numbers("float32", dims, seed)],
          fed,
        })),
    ),
  ));

it("Pad with inputs is ONNX Runtime's", () =>
  agreeing(
    fc.tuple(shapes(1, 4), fc.constantFrom(11, 13, 18, 19, 21)).chain(([dims, set]) =>
      fc
        .record({
          mode: fc.constantFrom("constant", "reflect", "edge", ...(set >= 19 ? ["wrap"] : [])),
          all: pads(2 * dims.length, -1),
          type: fc.constantFrom(...TYPES.filter((type) => set >= 13 || type !== "bool")),
          seed: fc.nat(),
          valued: fc.boolean(),
          reversed: fc.boolean(),
          fed: fedOf(4),
        })
        .filter(({ mode, all }) => possible(mode, dims, all))
        .map(({ mode, all, type, seed, valued, reversed, fed }) => {
          const axes = set >= 18 && reversed ? dims.map((_, i) => dims.length - 1 - i) : undefined;
          const named = axes ? [...axes, ...axes.map((axis) => axis + dims.length)].map((i) => all[i]) : all;
          return {
            op: "Pad",
            set,
            attributes: { mode: string(mode) },
            inputs: [
              numbers(type, dims, seed),
              list(named),
              valued ? numbers(type, [], seed + 1) : undefined,
              axes && list(axes),
            ].slice(0, axes ? 4 : 3),
            fed,
          };
        }),
    ),
    100,
  ));
