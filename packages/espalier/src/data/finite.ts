import { UserError } from "../errors.ts";
import { toFloat32 } from "../onnx/half.ts";
import type { NumericTensor } from "../onnx/tensor.ts";

/**
 * @param where how the sentence begins, "In a.npz x_train"
 * @param remedy what to do
 * @throws UserError for the first NaN or infinite number of an array, with its place
 */
export function checkFinite(
  array: NumericTensor,
  where: string,
  remedy = "correct the data or leave such samples out",
): void {
  const found = firstNotFinite(array);
  if (!found) return;
  throw new UserError(
    `${where}[${placeOf(found.at, array.dims)}] is ${found.value}: nothing can be computed with it; ${remedy}.`,
  );
}

/** The first number of an array that is NaN or infinite; undefined where all are finite, or whole. */
export function firstNotFinite(array: NumericTensor): { readonly at: number; readonly value: number } | undefined {
  const floats = array.dtype === "float64" ? array.data : toFloat32(array)?.data;
  for (let at = 0; floats && at < floats.length; at++) {
    const value = Number(floats[at]);
    if (!Number.isFinite(value)) return { at, value };
  }
  return undefined;
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
