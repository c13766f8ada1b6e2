import { sizeOf } from "../onnx/tensor.ts";

/** For each element of a transposed array its place in the array as it is (ONNX, Transpose). */
export function placesOf(dims: readonly number[], perm: readonly number[]): Uint32Array {
  const strides = dims.map((_, axis) => sizeOf(dims.slice(axis + 1)));
  let places = Uint32Array.of(0);
  for (const axis of perm) {
    const [before, size, stride] = [places, dims[axis], strides[axis]];
    places = new Uint32Array(before.length * size);
    for (let i = 0; i < places.length; i++) places[i] = before[Math.floor(i / size)] + (i % size) * stride;
  }
  return places;
}

/** The elements of an array with its axes in another order. */
export function permuted(data: Float32Array, dims: readonly number[], perm: readonly number[]): Float32Array {
  return Float32Array.from(placesOf(dims, perm), (place) => data[place]);
}

/** The order that undoes another. */
export function inverse(perm: readonly number[]): number[] {
  return perm.map((_, axis) => perm.indexOf(axis));
}
