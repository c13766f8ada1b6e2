import { proxy, wrap } from "comlink";
import { inputKindOf } from "../input-kinds.ts";
import type { Step } from "../steps.ts";
import type { InputSettings, Machine, Told, Version } from "../told.ts";
import type { Dropped } from "../work/keep.ts";
import type { Workshop } from "../work/workshop.ts";
import { hasNetwork, save } from "./files.ts";
import * as studio from "./studio.ts";

const workshop = wrap<Workshop>(new Worker(new URL("../work/worker.ts", import.meta.url), { type: "module" }));

/** Begins: asks what there was when the page was closed. */
export async function begin(): Promise<void> {
  studio.machine.value = await workshop.begin(proxy(hear));
  await attempt("network", "Looking for what was kept", async () => {
    const restored = await workshop.restore();
    if (!restored) return;
    studio.versions.value = restored.versions;
    studio.chosen.value = restored.chosen;
    studio.inputs.value = restored.inputs;
    studio.tried.value = restored.inputs?.kind;
    studio.pending.value = restored.pending;
    studio.points.value = restored.points;
    studio.notes.value = restored.notes;
    if (restored.inputs) await see(0);
  });
  await detail();
}

/** Takes files that were dropped: a network, or inputs for the one that is there. */
export async function take(files: readonly Dropped[]): Promise<void> {
  if (files.length === 0) return;
  if (hasNetwork(files) || studio.versions.value.length === 0) await openNetwork(files);
  else await useInputs(files);
}

async function openNetwork(files: readonly Dropped[]): Promise<void> {
  const opened = await attempt("network", "Reading the network", async () => {
    const version = await workshop.open([...files]);
    forgetSeen();
    studio.versions.value = [version];
    studio.chosen.value = version.id;
    studio.details.value = new Map();
    studio.inputs.value = undefined;
    studio.preview.value = undefined;
    return true;
  });
  if (opened) await detail();
}

/** Leaves the network and all that was made of it. */
export async function leave(): Promise<void> {
  await workshop.reset();
  forgetSeen();
  studio.versions.value = [];
  studio.inputs.value = undefined;
  studio.preview.value = undefined;
}

function forgetSeen(): void {
  studio.epochs.value = [];
  studio.densities.value = [];
  studio.pending.value = undefined;
  studio.notes.value = [];
  forgetMeasured();
}

/** What was seen of other inputs, or of another network, holds no longer. */
function forgetMeasured(): void {
  studio.look.value = undefined;
  studio.sensitivities.value = [];
  studio.points.value = [];
}

/** Looks closer at the chosen network, where that was not done. */
async function detail(): Promise<void> {
  const id = studio.chosen.value;
  if (studio.versions.value.length === 0 || studio.details.value.has(id)) return;
  await attempt("network", "Looking closer: MACs, and whether it can be trained", async () => {
    const found = await workshop.details();
    studio.details.value = new Map(studio.details.value).set(id, found);
  });
}

export const useInputs = (from: readonly Dropped[] | "mnist" | "random") =>
  attempt("inputs", "Reading the inputs", async () => {
    studio.tried.value = typeof from === "string" ? from : inputKindOf(from);
    studio.inputs.value = undefined;
    studio.inputs.value = await workshop.useInputs(typeof from === "string" ? from : [...from]);
    forgetMeasured();
    await see(0);
  });

export const adjust = (settings: InputSettings) =>
  attempt("inputs", "Reading the inputs anew", async () => {
    studio.inputs.value = await workshop.adjust(settings);
    forgetMeasured();
    await see(studio.preview.value?.index ?? 0);
  });

/** Shows another sample. */
export async function see(index: number): Promise<void> {
  studio.preview.value = await workshop.preview(index);
}

export async function choose(id: number): Promise<void> {
  await workshop.choose(id);
  studio.chosen.value = id;
  forgetMeasured();
  await detail();
}

export const runOn = (device: Machine["device"]) =>
  attempt("network", "Starting the engine", async () => {
    studio.machine.value = await workshop.runOn(device);
  });

export const measureSensitivity = () =>
  attempt("see", "Measuring each layer", async () => {
    studio.sensitivities.value = [];
    studio.sensitivities.value = await workshop.sensitivity();
  });

export const measureCurve = () =>
  attempt("see", "Measuring size against fidelity", async () => {
    studio.points.value = [];
    await workshop.curve();
  });

export const lookAtInputs = () =>
  attempt("see", "Running a few inputs", async () => {
    studio.look.value = await workshop.look();
  });

export const time = () => attempt("see", "Timing one sample", async () => replace(await workshop.time()));

/** Does a step; what comes out is looked at then. */
export async function perform(step: Step, resume = false): Promise<void> {
  if (!resume) [studio.epochs.value, studio.densities.value] = [[], []];
  studio.notes.value = [];
  studio.pending.value = undefined;
  const made = await attempt("do", "Beginning", () => workshop.perform(step, resume));
  if (!made) {
    studio.pending.value = await workshop.pending();
    return;
  }
  replace(made);
  studio.chosen.value = made.id;
  forgetMeasured();
  await detail();
}

export const stop = () => void workshop.stop();

export const download = (form: "onnx" | "esp") =>
  attempt("take", form === "esp" ? "Coding the file" : "Writing the file", async () => {
    const { file, version } = await workshop.download(form);
    replace(version);
    save(file, `${version.facts.name}.${form}`);
  });

export const downloadReport = () =>
  attempt("take", "Drawing the report", async () => save(await workshop.report(), "report.html"));

function replace(version: Version): void {
  const others = studio.versions.value.filter(({ id }) => id !== version.id);
  studio.versions.value = [...others, version].sort((a, b) => a.id - b.id);
}

/** Does some work, one after the other; what goes wrong is said in a sentence. */
async function attempt<Result>(
  about: studio.Busy["about"],
  what: string,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  if (studio.busy.value) return undefined;
  studio.mistake.value = "";
  studio.busy.value = { about, what, startedAt: performance.now(), canStop: about === "do" || about === "see" };
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && error.name === "AbortError")) studio.mistake.value = sentenceOf(error);
    return undefined;
  } finally {
    studio.busy.value = undefined;
  }
}

const sentenceOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function hear(told: Told): void {
  switch (told.kind) {
    case "work": {
      const { busy } = studio;
      if (busy.value) busy.value = { ...busy.value, what: told.what, part: told.part };
      return;
    }
    case "note":
      studio.notes.value = [...studio.notes.value, told.text];
      return;
    case "epoch":
      studio.epochs.value = [...studio.epochs.value, told];
      return;
    case "round":
      studio.densities.value = [...studio.densities.value, told];
      return;
    case "curve":
      studio.pointsMeasure.value = told.measure;
      studio.points.value = [...studio.points.value, told.point];
      return;
    case "layer":
      studio.sensitivities.value = [...studio.sensitivities.value, told.curve];
      return;
  }
}
