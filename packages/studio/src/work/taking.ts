import { encodeFile, UserError, writeModel } from "espalier";
import { commandsOf } from "../commands.ts";
import type { Version } from "../told.ts";
import { blobOf } from "./network.ts";
import type { Place } from "./place.ts";

/** A file of a network, and what is said of that since it was made. */
export interface Taken {
  readonly file: Blob;
  readonly version: Version;
}

/** The chosen network as a file that need not be coded; undefined for an .esp that was not made yet. */
export async function fileAtHand(place: Place, form: "onnx" | "esp"): Promise<Taken | undefined> {
  const { version, esp } = place.shelf.chosen;
  const file = form === "onnx" ? await onnxOf(place) : esp;
  return file && { file, version };
}

/** Codes the chosen network as an .esp. */
export async function codedFile(place: Place): Promise<Taken> {
  const { shelf, tell } = place;
  const shelved = shelf.chosen;
  tell({ kind: "work", what: "Coding the file" });
  const esp = encodeFile(new Uint8Array(await (await onnxOf(place)).arrayBuffer()));
  const [file, version] = [blobOf(esp), { ...shelved.version, esp: esp.length }];
  await shelf.put({ ...shelved, version, esp: file });
  return { file, version };
}

/** The .onnx file: of the one that came with how pictures become its input, where that is known only here. */
async function onnxOf({ shelf, inputs }: Place): Promise<Blob> {
  const { onnx, version } = shelf.chosen;
  if (!inputs.open?.facts.preprocessing || version.steps.length > 0) return onnx;
  return blobOf(writeModel(inputs.stated(await shelf.model())));
}

/** The report of the step that made the chosen network. */
export async function reportFile({ shelf, runner, inputs, reports, tell }: Place): Promise<Blob> {
  const { version, source } = shelf.chosen;
  const report = reports.get(version.id);
  if (!report)
    throw new UserError("The report went with the page that made this network: do the step again to have it.");
  tell({ kind: "work", what: "Drawing the report" });
  const command = commandsOf(version.steps, source, inputs.open?.facts).at(-1) ?? "";
  return blobOf(await report(await runner.engine(), { title: version.facts.name, command }));
}
