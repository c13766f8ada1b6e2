import { float32 } from "../../onnx/tensor.ts";
import type { Layer } from "../../operators/layers.ts";
import type { Product } from "../../operators/units.ts";
import type { LeastSquares, Shape } from "../../reconstruction/least-squares.ts";
import type { LinearLayer } from "../../reconstruction/linear.ts";
import { withBias } from "../../reconstruction/moments.ts";
import type { Masks } from "../../training/parameters.ts";
import { numbering } from "../units/weights.ts";

/** For each column of each group, [groups, columns], which of the units that its layer reads it looks at. */
export function unitsIn(linear: LinearLayer, layer: Layer, product: Product): Int32Array {
  const [side] = product.reads;
  const indexOf = numbering(product.view, side);
  const { length } = layer.tensor.data;
  const indices = float32(
    layer.tensor.dims,
    Float32Array.from({ length }, (_, i) => indexOf(i)),
  );
  const matrices = linear.matrices(indices);
  const { groups, rows, columns } = linear;
  return Int32Array.from({ length: groups * columns }, (_, i) => {
    const [group, column] = [Math.floor(i / columns), i % columns];
    return matrices[group * rows * columns + column];
  });
}

/** The masks of a layer's weights and bias as one of its matrices. */
export function maskIn(linear: LinearLayer, { weight, tensor }: Layer, masks: Masks): Uint8Array {
  const ones = (length: number) => new Float32Array(length).fill(1);
  const own = masks.get(weight) ?? float32(tensor.dims, ones(tensor.data.length));
  const bias = linear.bias ? (masks.get(linear.bias)?.data ?? ones(linear.groups * linear.rows)) : undefined;
  return Uint8Array.from(withBias(linear, linear.matrices(own), bias));
}

/** The columns of each unit in each group. */
function columnsBy(units: Int32Array, { groups }: Shape, fixed: number, columns: number): Map<number, number[]>[] {
  const own = columns - fixed;
  return Array.from({ length: groups }, (_, group) => {
    const found = new Map<number, number[]>();
    for (let column = 0; column < own; column++) {
      const unit = units[group * own + column];
      const list = found.get(unit);
      if (list) list.push(column);
      else found.set(unit, [column]);
    }
    return found;
  });
}

/** The sum over rows of w' C w for the columns of each unit, C the covariance of what they look at, as parts of the energy. */
export function errorsOf(
  squares: LeastSquares,
  shape: Shape,
  fixed: number,
  weights: Float32Array,
  units: Int32Array,
): Float64Array {
  const { rows, columns } = shape;
  const errors = new Float64Array(1 + units.reduce((most, unit) => Math.max(most, unit), 0));
  for (const [group, byUnit] of columnsBy(units, shape, fixed, columns).entries()) {
    const at = (a: number, b: number) => squares.second[(group * columns + a) * columns + b];
    for (const [unit, own] of byUnit) {
      const covariance = own.map((a) => own.map((b) => at(a, b) - (fixed > 0 ? meanOf(at, a) * meanOf(at, b) : 0)));
      let error = 0;
      for (let row = 0; row < rows; row++) {
        const begin = (group * rows + row) * columns;
        for (const [i, a] of own.entries()) {
          const w = weights[begin + a];
          if (w === 0) continue;
          for (const [j, b] of own.entries()) error += w * weights[begin + b] * covariance[i][j];
        }
      }
      errors[unit] += Math.max(0, error) / (squares.energy || 1);
    }
  }
  return errors;

  /** The moment with the input of the bias, which is 1. */
  function meanOf(at: (a: number, b: number) => number, column: number): number {
    return at(column, columns - 1);
  }
}

/** The weights without those that read the less important half of the units, whose means go into the bias. */
export function withoutLeast(
  squares: LeastSquares,
  shape: Shape,
  fixed: number,
  weights: Float32Array,
  units: Int32Array,
  errors: Float64Array,
): Float32Array {
  const { rows, columns } = shape;
  const sorted = Array.from(errors.keys()).sort((a, b) => errors[a] - errors[b]);
  const least = new Set(sorted.slice(0, Math.ceil(sorted.length / 2)));
  const changed = weights.slice();
  for (const [group, byUnit] of columnsBy(units, shape, fixed, columns).entries()) {
    for (const [unit, own] of byUnit) {
      if (!least.has(unit)) continue;
      for (let row = 0; row < rows; row++) {
        const begin = (group * rows + row) * columns;
        for (const column of own) {
          const mean = fixed > 0 ? squares.second[(group * columns + column) * columns + columns - 1] : 0;
          if (fixed > 0) changed[begin + columns - 1] += changed[begin + column] * mean;
          changed[begin + column] = 0;
        }
      }
    }
  }
  return changed;
}
