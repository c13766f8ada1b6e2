import { fedInputs, type Model } from "../onnx/graph.ts";
import { withInputShapes } from "../onnx/simplify/inputs.ts";
import { outputsOf } from "./difference.ts";
import type { Engine } from "./engine.ts";
import { inputsFor } from "./random-inputs.ts";

/**
 * The model with numbers for the sizes that its inputs leave open: those with which it runs first, of some that networks
 * take. It stays as it is where it runs with none of them.
 */
export async function withFoundSizes(engine: Engine, model: Model): Promise<Model> {
  const isOpen = fedInputs(model).some(({ shape = [] }) => shape.slice(1).some((dim) => typeof dim !== "number"));
  if (!isOpen) return model;
  const program = await engine.compile(model);
  try {
    const found = await inputsFor(model, (feeds) => outputsOf(program, feeds), 1);
    return found ? withInputShapes(model, found.shapes) : model;
  } finally {
    await program.release();
  }
}
