import { UserError } from "../errors.ts";
import { toFloat32 } from "../onnx/half.ts";
import type { NumericTensor } from "../onnx/tensor.ts";

/**
 * @param where how the sentence begins, "In a.npz x_train"
 * @throws UserError for the first NaN or infinite number of an array, with its place
 */
export function checkFinite(array: NumericTensor, where: string): void {
  const { dtype, dims, data } = array;
  const floats = dtype === "float64" ? data : toFloat32(array)?.data;
  if (!floats) return;
  const at = firstNotFinite(floats);
  if (at < 0) return;
  throw new UserError(
    `${where}[${placeOf(at, dims)}] is ${floats[at]}: nothing can be computed with it; correct the data or leave such samples out.`,
  );
}

/** The place of the first number that is NaN or infinite; -1 where all are finite. */
export function firstNotFinite(values: ArrayLike<number | bigint>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(Number(values[i]))) return i;
  return -1;
}

/** The indices of an element, "3,0,17". */
function placeOf(at: number, dims: readonly number[]): string {
  let left = at;
  const place = dims.map(() => 0);
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    place[axis] = left % dims[axis];
    left = Math.floor(left / dims[axis]);
  }
  return place.join();
}
