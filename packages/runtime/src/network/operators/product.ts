import { sizeOf } from "../elements.ts";
import type { Planning, Step, Value } from "../operator.ts";
import { broadcast, stretched } from "./shapes.ts";

/** The product of two tensors, batch by batch (numpy.matmul): a missing axis of either is one that is dropped again. */
export function product(context: Planning, a: Value<"float32">, b: Value<"float32">): Step {
  if (a.dims.length === 0 || b.dims.length === 0) context.wrong("multiplies a number as if it were a matrix");
  const left = a.dims.length === 1 ? [1, ...a.dims] : a.dims;
  const right = b.dims.length === 1 ? [...b.dims, 1] : b.dims;
  const [rows, inner] = left.slice(-2);
  const [wanted, columns] = right.slice(-2);
  if (inner !== wanted) context.wrong(`multiplies [${a.dims}] by [${b.dims}]`);
  const [leads, others] = [left.slice(0, -2), right.slice(0, -2)];
  const batches = broadcast(context, leads, others);
  const dims = [...batches, ...(a.dims.length === 1 ? [] : [rows]), ...(b.dims.length === 1 ? [] : [columns])];
  const y = context.view(context.output("float32", dims));
  const [x, w] = [context.view(a), context.view(b)];
  const [ofLeft, ofRight] = [stretched(leads, batches), stretched(others, batches)];
  const count = sizeOf(batches);
  return () => {
    const [from, factors, to] = [x(), w(), y().fill(0)];
    for (let batch = 0; batch < count; batch++) {
      const start = ofRight[batch] * inner * columns;
      for (let row = 0; row < rows; row++) {
        const line = (ofLeft[batch] * rows + row) * inner;
        const out = (batch * rows + row) * columns;
        for (let k = 0; k < inner; k++) {
          const factor = from[line + k];
          for (let j = 0; j < columns; j++) to[out + j] += factor * factors[start + k * columns + j];
        }
      }
    }
  };
}
