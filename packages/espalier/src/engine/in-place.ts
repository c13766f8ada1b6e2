import { GraphBuilder } from "../onnx/builder.ts";
import { copyModel, emptyModel, type Model } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import type { Ort } from "./ort-program.ts";

/**
 * How a large state stays in memory once. onnxruntime-node writes outputs into the tensors that it is given, but then
 * copies each into a new array all the same, in the order of the graph's outputs. A sequence it cannot bring: with one
 * as the first output it stops before the first copy, when everything has been written.
 */
const STOPPED = /Non tensor type/i;

/** The model with a sequence as its first output. */
export function stopping(model: Model): Model {
  const changed = copyModel(model);
  const sequence = new GraphBuilder(changed).emit("SequenceEmpty", []);
  changed.outputs.unshift({ name: sequence });
  return changed;
}

/** Whether an error is the runtime's stop before it copies. Where it does not stop, it has copied what nobody reads. */
export function isStop(error: unknown): boolean {
  return error instanceof Error && STOPPED.test(error.message);
}

/** Tries whether a runtime writes an output over the input that it was computed from. */
export async function writesInPlace(ort: Ort): Promise<boolean> {
  const model = emptyModel("in place");
  model.inputs.push({ name: "x", dtype: "float32", shape: [1] });
  new GraphBuilder(model).emit("Add", ["x", "x"], {}, "y");
  model.outputs = [{ name: "y", dtype: "float32", shape: [1] }];
  const tried = stopping(model);
  const session = await ort.InferenceSession.create(writeModel(tried), { logSeverityLevel: 4 });
  const data = Float32Array.of(1);
  const tensor = new ort.Tensor("float32", data, [1]);
  await session.run({ x: tensor }, { [tried.outputs[0].name]: null, y: tensor }).catch((error: unknown) => {
    if (!isStop(error)) throw error;
  });
  await session.release();
  return data[0] === 2;
}
