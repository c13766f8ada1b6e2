import type { InferenceSession } from "onnxruntime-common";
import { UserError } from "../errors.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { emptyModel, type Model } from "../onnx/graph.ts";
import { type Ort, OrtProgram } from "./ort-program.ts";

/**
 * Why a device cannot be used: a runtime lists what it was built for, whether or not the libraries and the hardware for
 * it are there.
 * @param listed the devices that the runtime lists
 * @returns undefined where the device runs a graph
 */
export async function deviceRefusal(
  ort: Ort,
  device: string,
  listed: readonly string[],
  session: InferenceSession.SessionOptions,
): Promise<UserError | undefined> {
  if (await runs(ort, session)) return undefined;
  // What a device is tried by may write to the terminal, so the others are only named.
  const others = listed.filter((name) => name !== device && name !== "cpu");
  const or = others.length === 0 ? "" : `, or ${others.join(" or ")} where there is hardware for it`;
  return new UserError(
    `The device "${device}" cannot be used here, because its libraries or its hardware are missing: choose cpu${or}.`,
  );
}

/** Returns true if a runtime runs the smallest of graphs in such a session. */
async function runs(ort: Ort, session: InferenceSession.SessionOptions): Promise<boolean> {
  try {
    const program = await OrtProgram.create(ort, identity(), session, {});
    try {
      await program.run({ x: { dtype: "float32", dims: [1], data: new Float32Array(1) } });
    } finally {
      await program.release();
    }
    return true;
  } catch {
    return false;
  }
}

function identity(): Model {
  const model = emptyModel("identity");
  model.inputs.push({ name: "x", dtype: "float32", shape: [1] });
  new GraphBuilder(model).emit("Identity", ["x"], {}, "y");
  model.outputs.push({ name: "y", dtype: "float32", shape: [1] });
  return model;
}
