import { sampleTensors } from "espalier";
import type { Preview, TensorPreview } from "../told.ts";
import type { OpenInputs } from "./open-inputs.ts";

/** More numbers than this are not sent to be drawn: the first are. */
const MOST = 2 ** 20;

/** The tensors of one of the samples to learn from. */
export async function previewOf({ data, fileOf }: OpenInputs, index: number): Promise<Preview> {
  const of = data.train.size;
  const at = Math.max(0, Math.min(of - 1, index));
  const tensors = await sampleTensors(data, data.train, at);
  const inner = data.preprocessing?.layout === "NHWC";
  return {
    index: at,
    of,
    file: fileOf?.(at),
    tensors: tensors.map(({ name, shape, values }) => drawn(name, shape, values, inner)),
  };
}

function drawn(name: string, shape: readonly number[], all: Float32Array, inner: boolean): TensorPreview {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of all) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const picture = all.length <= MOST ? pictureOf(shape, inner) : undefined;
  return { name, shape, values: all.slice(0, MOST), least, most, picture };
}

/** Rows and columns of a sample that is a picture. */
function pictureOf(shape: readonly number[], inner: boolean): TensorPreview["picture"] {
  if (shape.length < 2 || shape.length > 3) return undefined;
  const [planes, rows, columns] = shape.length === 2 ? [1, ...shape] : inner ? [shape[2], shape[0], shape[1]] : shape;
  return (planes === 1 || planes === 3) && rows > 3 && columns > 3 ? { planes, rows, columns, inner } : undefined;
}
