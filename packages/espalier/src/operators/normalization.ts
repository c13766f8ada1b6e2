import type { Facets } from "./facets.ts";

const scaling = {
  layer: { none: "a scale is no connection: one that is zero is a dead unit" },
  bias: { none: "its shift is a weight of its own" },
  fit: { none: "it has no connections" },
  macs: { none: "it can be folded into the layer before it" },
} as const satisfies Omit<Facets, "weights">;

/** Scale, shift, and the running mean and variance. */
export const BatchNormalization = { ...scaling, weights: [1, 2, 3, 4] } as const satisfies Facets;
export const InstanceNormalization = { ...scaling, weights: [1, 2] } as const satisfies Facets;
export const LayerNormalization = { ...scaling, weights: [1, 2] } as const satisfies Facets;
export const GroupNormalization = { ...scaling, weights: [1, 2] } as const satisfies Facets;
export const RMSNormalization = { ...scaling, weights: [1] } as const satisfies Facets;

/** A slope for each channel: max(0, x) + slope min(0, x). */
export const PRelu = { ...scaling, weights: [1] } as const satisfies Facets;
