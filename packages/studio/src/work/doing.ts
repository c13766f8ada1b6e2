import { writeModel } from "espalier";
import type { Step } from "../steps.ts";
import type { Point, Version } from "../told.ts";
import { factsOf } from "./facts.ts";
import { forget, keep, kept } from "./keep.ts";
import { measured } from "./measuring.ts";
import { blobOf } from "./network.ts";
import { type Performed, perform } from "./perform.ts";
import type { Place } from "./place.ts";
import { teller } from "./telling.ts";

/**
 * Does a step to the chosen network: what comes out is chosen then.
 * @param resume whether the step goes on from where it was stopped
 */
export async function doStep(place: Place, step: Step, resume: boolean, signal: AbortSignal): Promise<Version> {
  const { shelf, runner, inputs, tell } = place;
  const { version, onnx, source } = shelf.chosen;
  if (!resume) await forget("checkpoint");
  await keep("pending", { step, on: version.id });
  // Points of the curve that were rounded alone are the same again, however much may be lost.
  const points = step.kind === "share" ? acceptable((await kept("points")) ?? [], step.maxLoss) : [];
  const onProgress = teller((told) => {
    if (told.kind === "curve") {
      points.push(told.point);
      void keep("points", points);
    }
    tell(told);
  });
  const engine = await runner.engine();
  const model = inputs.stated(await shelf.model());
  const checkpoint = {
    name: "what was kept",
    load: () => kept("checkpoint"),
    save: async (state: Uint8Array) => void (await keep("checkpoint", state)),
  };
  const canResume = resume && (await kept("checkpoint")) !== undefined;
  const made = await perform(step, {
    engine,
    model,
    bytes: onnx.size,
    data: inputs.open?.data,
    origin: await shelf.model(shelf.reference),
    hooks: { signal, onProgress, checkpoint, resume: canResume },
    known: [...points],
  }).catch(async (error: unknown) => {
    // What was stopped can go on; what failed would fail again.
    if (!signal.aborted) await forget("pending");
    throw error;
  });
  return finish(place, made, [...version.steps, step], source, signal);
}

/** Points as they are judged where so much may be lost. */
const acceptable = (points: readonly Point[], maxLoss: number): Point[] =>
  points.map((point) => ({ ...point, accepted: point.fidelity >= 100 - maxLoss }));

/** Puts what a step made on the shelf, where a reload leaves it, and measures it. */
async function finish(
  { shelf, runner, inputs, reports, tell }: Place,
  { model, validation, report, esp }: Performed,
  steps: readonly Step[],
  source: string,
  signal: AbortSignal,
): Promise<Version> {
  const bytes = writeModel(model);
  const id = shelf.newId();
  if (report) reports.set(id, report);
  const facts = factsOf(model, source, bytes.length);
  const made: Version = { id, steps, facts, esp: esp?.length, report: report !== undefined };
  const shelved = { onnx: blobOf(bytes), esp: esp && blobOf(esp), source };
  await shelf.put({ ...shelved, version: made }, model);
  await shelf.choose(id);
  await Promise.all([forget("pending"), forget("checkpoint")]);
  if (!inputs.open) return made;
  const { reference } = shelf;
  const {
    fidelity,
    quality = [],
    timing,
  } = await measured({
    engine: await runner.engine(),
    threads: runner.machine.threads,
    model,
    reference: reference === id ? undefined : await shelf.model(reference),
    inputs: inputs.open,
    hooks: { signal },
    onWork: (what) => tell({ kind: "work", what }),
    onNote: (text) => tell({ kind: "note", text }),
  });
  const version = { ...made, fidelity, quality: [...(validation ? [validation] : []), ...quality], timing };
  await shelf.put({ ...shelved, version });
  return version;
}
