import { inspect, scan, shareWithin } from "espalier";
import type { Look, NetworkDetails, Point, Sensitivity, Version } from "../told.ts";
import { keep } from "./keep.ts";
import { lookAt } from "./look.ts";
import { MOST_RUN } from "./machine.ts";
import type { Place } from "./place.ts";
import { teller } from "./telling.ts";
import { timed } from "./timing.ts";

/** How many points of fidelity the curve goes down. */
const CURVE_LOSS = 10;

/** What a run tells of the chosen network. */
export async function detailsOf({ shelf, runner }: Place): Promise<NetworkDetails> {
  const { facts } = shelf.chosen.version;
  if (facts.bytes > MOST_RUN) {
    const note = "It is larger than 64 MB, so it was only read, and not run: MACs are not counted.";
    return { layers: facts.layers, notes: [note], obstacles: [] };
  }
  const { layers, notes, obstacles } = await inspect(await runner.engine(), await shelf.model());
  return {
    layers: layers.map(({ name, op, weights, kept, density, macs }) => ({ name, op, weights, kept, density, macs })),
    notes,
    obstacles,
  };
}

/** How sensitive each layer is, by each density; tells of each as soon as it is measured. */
export async function sensitivities(
  { shelf, runner, inputs, tell }: Place,
  signal: AbortSignal,
): Promise<readonly Sensitivity[]> {
  const found: Sensitivity[] = [];
  const onProgress = teller((told) => {
    if (told.kind === "layer") found.push(told.curve);
    tell(told);
  });
  await scan(await runner.engine(), await shelf.model(), inputs.data, { signal, onProgress });
  return found;
}

/** The curve of size against fidelity, kept over a reload; tells of each point as soon as it is measured. */
export async function measureCurve({ shelf, runner, inputs, tell }: Place, signal: AbortSignal): Promise<void> {
  const points: Point[] = [];
  const onProgress = teller((told) => {
    if (told.kind === "curve") points.push(told.point);
    tell(told);
  });
  const options = { signal, onProgress, maxLoss: CURVE_LOSS, epochs: 0 };
  try {
    await shareWithin(await runner.engine(), await shelf.model(), inputs.data, options);
  } finally {
    await keep("points", points);
  }
}

/** A few inputs with what the network said as it came, and what the chosen one says. */
export async function lookAtSome({ shelf, runner, inputs }: Place): Promise<Look> {
  return lookAt(await runner.engine(), await shelf.model(shelf.reference), await shelf.model(), inputs.data);
}

/** Times the chosen network on one sample. */
export async function timeOne({ shelf, runner, inputs }: Place): Promise<Version> {
  const shelved = shelf.chosen;
  const timing = await timed(await runner.engine(), await shelf.model(), inputs.data, runner.machine.threads);
  const version = { ...shelved.version, timing };
  await shelf.put({ ...shelved, version });
  return version;
}
