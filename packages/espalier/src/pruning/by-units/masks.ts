import { float32, isFloat32 } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import type { Masks } from "../../training/parameters.ts";
import { type Flow, heldIn } from "../units/flow.ts";
import { numbering } from "../units/weights.ts";

/** A network and what is known of its units. */
interface Followed {
  readonly typed: TypedModel;
  readonly flow: Flow;
}

/**
 * The masks that some units' removal amounts to: what makes them, what reads them, and what scales or shifts them is cut,
 * so that they hold zero and nothing hangs on them.
 */
export function masksWithout({ typed, flow }: Followed, removed: ReadonlySet<number>): Masks {
  const masks = new Map<string, ReturnType<typeof float32>>();
  for (const { initializer, view, sides, neutral = 0 } of heldIn(flow)) {
    const tensor = typed.initializers.get(initializer);
    // Nothing can be divided by zero: what is neutral otherwise is left to the removal.
    if (!isFloat32(tensor) || neutral !== 0) continue;
    for (const side of sides) {
      const cut = (flow.units.of(side.units) ?? []).map((unit) => removed.has(unit));
      if (!cut.includes(true)) continue;
      const mask = masks.get(initializer) ?? float32(tensor.dims, new Float32Array(tensor.data.length).fill(1));
      const indexOf = numbering(view, side);
      for (let i = 0; i < mask.data.length; i++) if (cut[indexOf(i)]) mask.data[i] = 0;
      masks.set(initializer, mask);
    }
  }
  return masks;
}
