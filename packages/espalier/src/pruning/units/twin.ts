import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import { copyOf, type FloatTensor, isFloat32 } from "../../onnx/tensor.ts";
import { learnedTensors, type Parameters, withParameters } from "../../training/parameters.ts";
import { clearDeadUnits } from "./clear.ts";
import { kept, removeDeadUnits } from "./remove.ts";

/** A network without its dead units that is trained in the place of the whole one. */
export interface Twin {
  readonly model: Model;
  /** The whole network's parameters when the twin's are these: zero where units were removed. */
  whole(parameters: Parameters): Parameters;
}

/** Makes the twin; what it learns is what the whole network would learn, as nothing flows through dead units. */
export async function twinOf(engine: Engine, source: Model): Promise<Twin> {
  const cleared = await clearDeadUnits(engine, source);
  // Where the elements of a shortened tensor were in the whole one.
  const origins = new WeakMap<FloatTensor, Uint32Array>();
  const { model } = await removeDeadUnits(engine, withParameters(source, cleared), {
    addBiases: false,
    take: {
      ...kept,
      tensor(tensor, left, neutral) {
        const shorter = kept.tensor(tensor, left, neutral);
        const before = origins.get(tensor);
        const { places } = left;
        origins.set(shorter, before ? places.map((place) => before[place]) : places);
        return shorter;
      },
    },
  });
  const originOf = new Map(
    learnedTensors(model).map((name) => {
      const tensor = model.initializers.get(name);
      return [name, isFloat32(tensor) ? origins.get(tensor) : undefined];
    }),
  );
  return {
    model,
    whole: (parameters) =>
      new Map(
        Array.from(cleared, ([name, before]) => {
          const now = parameters.get(name);
          const places = originOf.get(name);
          if (!now || !places) return [name, now ?? before];
          const all = copyOf(before);
          for (const [i, place] of places.entries()) all.data[place] = now.data[i];
          return [name, all];
        }),
      ),
  };
}
