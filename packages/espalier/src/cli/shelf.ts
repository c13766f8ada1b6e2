import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Shelf } from "../experiments/lab.ts";
import { parseJson } from "../json.ts";
import { copyModel } from "../onnx/graph.ts";
import { readModel } from "../onnx/read.ts";
import { writeModel } from "../onnx/write.ts";
import { storedResults, storeResults } from "../pruning/results-json.ts";
import { readFile, writeFile } from "./files.ts";

const KEY = "espalier.run";
const schema = z.object({ settings: z.string(), results: storedResults });

/** Finished runs as .onnx files in a folder, each with its settings and results in its metadata. */
export function folderShelf(folder: string): Shelf {
  const pathOf = (name: string) => join(folder, `${name.replace(/[^\w.-]+/g, "-")}.onnx`);
  return {
    find(name, settings) {
      const path = pathOf(name);
      if (!existsSync(path)) return undefined;
      const model = readModel(readFile(path), path);
      const meta = schema.safeParse(parseJson(model.metadata.get(KEY) ?? "null"));
      return meta.success && meta.data.settings === settings ? { model, results: meta.data.results } : undefined;
    },
    keep(name, settings, { model, results }) {
      const kept = copyModel(model);
      kept.metadata.set(KEY, JSON.stringify({ settings, results: storeResults(results) }));
      writeFile(pathOf(name), writeModel(kept));
    },
  };
}
