import fc from "fast-check";
import { it } from "vitest";
import { int, string } from "../../../espalier/src/onnx/attributes.ts";
import { type NumericTensor, sizeOf } from "../../../espalier/src/onnx/tensor.ts";
import { random } from "../../../espalier/src/random.ts";
import { agreeing, fedOf, numbers, shapes, tensors } from "./against-onnxruntime.ts";

/** Indices of elements that are there, some counted from the end. */
function indices(
  dims: readonly number[],
  lengthAt: (i: number) => number,
  seed: number,
  dtype: "int64" | "int32" = "int64",
): NumericTensor {
  const { below } = random(seed, "indices");
  const all = Array.from({ length: sizeOf(dims) }, (_, i) => below(2 * lengthAt(i)) - lengthAt(i));
  return { dtype, dims, data: dtype === "int64" ? BigInt64Array.from(all, BigInt) : Int32Array.from(all) };
}

const kinds = fc.constantFrom("int64" as const, "int32" as const);

it("Gather is ONNX Runtime's", () =>
  agreeing(
    fc
      .tuple(shapes(1, 3), shapes(0, 2), kinds, fc.nat(), fc.constantFrom(7, 11, 13), fedOf(2))
      .chain(([dims, rows, kind, seed, set, fed]) =>
        fc
          .tuple(tensors(dims), fc.integer({ min: set < 11 ? 0 : -dims.length, max: dims.length - 1 }))
          .map(([data, axis]) => ({
            op: "Gather",
            set,
            attributes: { axis: int(axis) },
            inputs: [data, indices(rows, () => dims.at(axis) ?? 1, seed, kind)],
            fed,
          })),
      ),
  ));

/** Indices along an axis: as many as there are elements of each of the others, or fewer. */
const along = fc.tuple(shapes(1, 3), fc.nat(), kinds, fc.nat({ max: 2 })).chain(([dims, seed, kind, fewer]) =>
  fc.integer({ min: -dims.length, max: dims.length - 1 }).map((axis) => {
    const at = axis < 0 ? axis + dims.length : axis;
    const shape = dims.map((dim, i) => (i === at ? dim + 1 : Math.max(1, dim - fewer)));
    return { dims, axis, shape, rows: indices(shape, () => dims[at], seed, kind) };
  }),
);

it("GatherElements is ONNX Runtime's", () =>
  agreeing(
    along.chain(({ dims, axis, rows }) =>
      fc.tuple(tensors(dims), fc.constantFrom(11, 13), fedOf(2)).map(([data, set, fed]) => ({
        op: "GatherElements",
        set,
        attributes: { axis: int(axis) },
        inputs: [data, rows],
        fed,
      })),
    ),
  ));

/** Rows of indices of the first axes behind those of samples. */
const rowsOf = (samples: number) =>
  fc.tuple(shapes(1, 2), shapes(0, 2), shapes(0, 1), fc.nat()).map(([named, behind, lines, seed]) => {
    const batch = samples > 0 ? [2] : [];
    const shape = [...batch, ...lines, named.length];
    return {
      dims: [...batch, ...named, ...behind],
      lines: [...batch, ...lines],
      behind,
      rows: indices(shape, (i) => named[i % named.length], seed),
    };
  });

it("GatherND is ONNX Runtime's", () =>
  agreeing(
    fc.constantFrom(0, 1).chain((batch) =>
      rowsOf(batch).chain(({ dims, rows }) =>
        fc.tuple(tensors(dims), fc.constantFrom(12, 13), fedOf(2)).map(([data, set, fed]) => ({
          op: "GatherND",
          set,
          attributes: { batch_dims: int(batch) },
          inputs: [data, rows],
          fed,
        })),
      ),
    ),
  ));

/** The ways in which an operator set joins an update to what is there, for the types that ONNX Runtime joins. */
const joined = (set: number) => ["none", ...(set >= 16 ? ["add", "mul"] : []), ...(set >= 18 ? ["max", "min"] : [])];

const joining = fc
  .constantFrom(11, 13, 16, 18)
  .chain((set) => fc.constantFrom(...joined(set)).map((reduction) => ({ set, reduction })));

const scattered = (reduction: string) =>
  fc.constantFrom(
    "float32" as const,
    "int64" as const,
    "int32" as const,
    ...(reduction === "none" ? ["bool" as const] : []),
  );

it("ScatterElements is ONNX Runtime's", () =>
  agreeing(
    fc.tuple(along, joining).chain(([{ dims, axis, shape, rows }, { set, reduction }]) =>
      fc.tuple(scattered(reduction), fc.nat(), fedOf(3)).map(([type, seed, fed]) => ({
        op: "ScatterElements",
        set,
        attributes: { axis: int(axis), ...(set >= 16 ? { reduction: string(reduction) } : {}) },
        inputs: [numbers(type, dims, seed), rows, numbers(type, shape, seed + 1)],
        fed,
      })),
    ),
    80,
  ));

it("Scatter is ONNX Runtime's", () =>
  agreeing(
    along.chain(({ dims, axis, shape, rows }) =>
      fc.tuple(fc.nat(), fc.constantFrom(9, 10), fedOf(3)).map(([seed, set, fed]) => ({
        op: "Scatter",
        set,
        attributes: { axis: int(axis) },
        inputs: [numbers("float32", dims, seed), rows, numbers("float32", shape, seed + 1)],
        fed,
      })),
    ),
    30,
  ));

it("ScatterND is ONNX Runtime's", () =>
  agreeing(
    fc.tuple(rowsOf(0), joining).chain(([{ dims, rows, lines, behind }, { set, reduction }]) =>
      fc.tuple(scattered(reduction), fc.nat(), fedOf(3)).map(([type, seed, fed]) => ({
        op: "ScatterND",
        set,
        attributes: set >= 16 ? { reduction: string(reduction) } : {},
        inputs: [numbers(type, dims, seed), rows, numbers(type, [...lines, ...behind], seed + 1)],
        fed,
      })),
    ),
    80,
  ));
