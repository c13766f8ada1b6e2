import { UserError } from "../errors.ts";
import type { TensorData } from "../onnx/dtype.ts";

/** Class numbers, and one more than the largest. */
export interface ClassLabels {
  readonly labels: Int32Array<ArrayBuffer>;
  readonly classes: number;
}

/** No label is higher: a network has a score for each class. */
const MOST = 1e6;

/**
 * Class numbers as int32.
 * @param where how messages begin, "In a.npz y_train"
 * @throws UserError for what is not a whole number from 0
 */
export function classLabels(data: TensorData, where: string): ClassLabels {
  const labels = new Int32Array(data.length);
  let classes = 0;
  for (let i = 0; i < data.length; i++) {
    const label = Number(data[i]);
    if (!Number.isInteger(label) || label < 0 || label > MOST) {
      throw new UserError(`${where}[${i}] is ${label}: labels are whole numbers from 0.`);
    }
    labels[i] = label;
    classes = Math.max(classes, label + 1);
  }
  return { labels, classes };
}
