import { basename } from "node:path";
import { UserError } from "../errors.ts";
import { nearest } from "../suggest.ts";
import type { AudioOptions } from "./audio/windows.ts";
import type { Dataset } from "./dataset.ts";
import { type ImageOptions, openImages } from "./images/open.ts";
import { openIdxFolder, openMnist } from "./mnist.ts";
import { openModule } from "./module.ts";
import { openAudio } from "./node/audio.ts";
import { openNpz } from "./node/npz.ts";
import { openText } from "./node/text.ts";
import type { NpzOptions } from "./npz.ts";
import { openScenes } from "./scenes/open.ts";
import type { TextOptions } from "./text/read.ts";

/** What a SPEC begins with. */
const FORMS = ["mnist", "scenes", "idx:", "npz:", "images:", "text:", "audio:"];

/**
 * Opens the data that a SPEC of the command line names: `mnist`, `scenes`, `idx:DIR`, `npz:FILE`, `images:DIR`, `text:FILE`,
 * `audio:DIR`, or the path of a module.
 * @param how how photographs, texts or recordings become samples; of no meaning to other data
 * @throws UserError for another form, or data that cannot be read
 */
export async function openDataset(
  spec: string,
  how: ImageOptions & TextOptions & NpzOptions & AudioOptions = {},
): Promise<Dataset> {
  if (spec === "mnist") return openMnist();
  if (spec === "scenes") return openScenes();
  const [, kind, path] = /^(\w+):(.+)$/.exec(spec) ?? [];
  if (kind === "idx") return openIdxFolder(path, basename(path));
  if (kind === "npz") return openNpz(path, how);
  if (kind === "images") return openImages(path, how);
  if (kind === "text") return openText(path, how);
  if (kind === "audio") return openAudio(path, how);
  if (/\.(js|mjs|cjs|ts|mts)$/.test(spec)) return openModule(spec);
  const [name, rest = ""] = spec.split(/(?<=:)/);
  const meant = nearest(name, FORMS);
  const hint = meant === undefined ? "" : ` (did you mean ${meant}${rest}?)`;
  throw new UserError(
    `The data "${spec}" is not in a known form: give mnist, scenes, idx:DIR, npz:FILE, images:DIR, text:FILE, audio:DIR, or the path of a .js module${hint}.`,
  );
}
