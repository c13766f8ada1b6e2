import { isScaled, type Scaling } from "../../../src/sharing/scaled/rounded.ts";
import type { ScaledTensor } from "../../../src/sharing/scaled/scaled.ts";

/** A tensor of whole numbers times scales, by its name. */
export function scaledOf(scaling: Scaling, name: string): ScaledTensor {
  const rounded = scaling.get(name);
  if (!rounded || !isScaled(rounded)) throw new Error(`"${name}" is no whole numbers times scales.`);
  return rounded;
}
