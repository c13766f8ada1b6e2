import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { curveFile } from "../../../packages/espalier/src/cli/curve-file.ts";
import { readPartial } from "../../../packages/espalier/src/cli/scan.ts";
import { folderShelf } from "../../../packages/espalier/src/cli/shelf.ts";
import {
  checkPreprocessing,
  PREPROCESSING_KEY,
  preprocessingOf,
} from "../../../packages/espalier/src/data/preprocessing.ts";
import { statedVocabulary, VOCABULARY_KEY } from "../../../packages/espalier/src/data/text/vocabulary.ts";
import { writeModel } from "../../../packages/espalier/src/onnx/write.ts";
import { blobNet } from "../../../packages/espalier/test/blobs.ts";
import { oneOf } from "../mutate/bytes.ts";
import { mutatedJson } from "../mutate/json.ts";
import { type Target, unlessRefused } from "../target.ts";
import { RESULTS } from "./checkpoint.ts";

const SETTINGS = "as before";

/** What reads JSON: a whole text, and what reads one that may be anything. */
interface Reader {
  readonly whole: object;
  read(text: string): unknown;
}

function readersIn(scratch: string): Readonly<Record<string, Reader>> {
  const [model, curve] = ["model.onnx", "out.esp.curve.json"].map((name) => join(scratch, name));
  writeFileSync(model, writeModel(blobNet()));
  const point = { lambda: 0.1, cut: 0, epochs: 2, bytes: 1000, density: 0.5, fidelity: 0.99, accepted: true };
  const curveOf = () => curveFile(join(scratch, "out.esp"), model, {});
  curveOf().add(point);
  const shelf = folderShelf(scratch);
  const metadata = (key: string, text: string) => new Map([[key, text]]);
  return {
    preprocessing: {
      whole: {
        resize: [256, 256],
        crop: [224, 224],
        channels: "BGR",
        mean: [104, 117, 123],
        scale: [1, 1, 1],
        layout: "NHWC",
      },
      read: (text) => {
        const found = preprocessingOf(metadata(PREPROCESSING_KEY, text));
        if (found) checkPreprocessing(found);
      },
    },
    vocabulary: {
      whole: { unit: "words", tokens: ["<unknown>", "the", "tree"] },
      read: (text) => statedVocabulary(metadata(VOCABULARY_KEY, text)),
    },
    curve: {
      whole: JSON.parse(readFileSync(curve, "utf8")),
      read(text) {
        writeFileSync(curve, text);
        return curveOf().points;
      },
    },
    scan: {
      whole: {
        settings: SETTINGS,
        layers: [{ name: "fc1", weights: 100, points: [{ density: 0.5, value: 2, loss: 0.1, retrained: 1 }] }],
      },
      read: (text) => readPartial({ name: "scan", load: () => new TextEncoder().encode(text) }, SETTINGS),
    },
    shelf: {
      whole: { settings: SETTINGS, results: RESULTS },
      read(text) {
        const own = blobNet();
        own.metadata.set("espalier.run", text);
        writeFileSync(join(scratch, "shelf.onnx"), writeModel(own));
        return shelf.find("shelf", SETTINGS);
      },
    },
  };
}

/** JSON in files and in models' metadata. */
export const json: Target = {
  share: 8,
  open(scratch) {
    const readers = readersIn(scratch);
    return (draw) => {
      const kind = oneOf(draw, Object.keys(readers));
      const { whole, read } = readers[kind];
      const text = mutatedJson(draw, JSON.stringify(whole));
      return {
        kind,
        parts: [new TextEncoder().encode(text)],
        read: async ([file]) => (await unlessRefused(() => read(new TextDecoder().decode(file)))) !== undefined,
      };
    };
  },
};
