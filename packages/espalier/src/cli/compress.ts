import { z } from "zod";
import { asksForSharing, type CompressResult, compress, compressOptions } from "../library/compress.ts";
import { json, out } from "../library/options/common.ts";
import { optionalData } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { about } from "../tasks/measure.ts";
import { inFields } from "../tasks/words.ts";
import { claimFile } from "./claims.ts";
import { defineCommand, keep } from "./command.ts";
import { openData } from "./data.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { openModel } from "./model.ts";
import { engineOf, withWorkers } from "./options.ts";
import {
  agreementText,
  bytes,
  changeText,
  count,
  duration,
  percent,
  printJson,
  printLine,
  rate,
  textTable,
} from "./print.ts";

/** `espalier compress`: shares a model's weights if asked, and writes it small. */
export const compressCommand = () =>
  defineCommand({
    name: "compress",
    summary: "write a model as a small .esp file, its weights shared if asked",
    description:
      "Writes a model as a small .esp file, from which a page makes the .onnx again, bit for bit.\nWith --bits or --max-loss its weights are shared first, and the shared values trained.",
    argument: { name: "model", help: "an .onnx or .esp file" },
    options: z.object({
      out: out("file", "where to write"),
      ...optionalData("train the shared values on this data"),
      ...compressOptions,
      json,
      ...engineOptions,
    }),
    examples: [
      "compress pruned.onnx --out pruned.esp",
      "compress pruned.onnx --bits 5 --data mnist --out shared.esp",
      'compress pruned.onnx --bits "conv*=8,fc*=5" --data mnist --format gather --out shared.onnx',
      "compress pruned.onnx --max-loss 0 --method entropy --data mnist --out shared.esp",
      "compress squeezenet.onnx --max-loss 1 --method entropy --data images:photographs --out small.esp",
      "compress squeezenet.onnx --unlabeled --max-loss 0.5 --data images:photographs --out small.esp",
    ],
    async run({ argument: path, options, computed }) {
      const startedAt = performance.now();
      const opened = openModel(path);
      const { out: file } = options;
      const how = keep(computed, (name) => name in compressOptions);
      asksForSharing(how, options.data !== undefined);
      claimFile(file, [path]);
      const data = await openData(options, opened.model, { unlabeled: true });
      const format = options.format ?? (file.endsWith(".onnx") ? "onnx" : "esp");
      const result = await running(
        (hooks) =>
          withWorkers(options, (executor) =>
            compress(engineOf(options), opened, data, { ...how, ...hooks, executor, format }),
          ),
        () => "Stopped; nothing was written.",
      );
      const { contents, layers, labels, measure, baseline, untrained, shared, agreement } = result;
      writeFile(file, contents);
      const seconds = (performance.now() - startedAt) / 1000;
      const { bytes: bytesBefore } = opened;
      const ratio = bytesBefore / contents.length;
      if (options.json) {
        const sizes = { bytes: contents.length, bytesBefore, ratio };
        const judged = {
          measure: measure && about(measure),
          baseline: measure && inFields(measure, { ...baseline }),
          untrained,
          shared: measure && inFields(measure, { ...shared }),
        };
        return printJson({ ...sizes, file, layers, labels, ...judged, agreement, seconds });
      }
      if (layers.length > 0) {
        printLine(
          textTable(
            ["layer", "weights", "kept", "values", "bits"],
            layers.map((row) => [row.name, ...[row.weights, row.kept, row.values, row.bits].map(count)]),
          ),
        );
      }
      printQuality(result);
      if (agreement) printLine(agreementText(agreement, "validation"));
      printLine(
        `${file}: ${bytes(bytesBefore)} -> ${bytes(contents.length)} (${rate(ratio)}), in ${duration(seconds)}`,
      );
    },
  });

function printQuality({ measure, baseline, shared, untrained, labels }: CompressResult): void {
  if (!measure || !baseline || !shared) return;
  if (labels === "own") {
    printLine(
      `another first class  ${percent(shared.validation)} of validation samples, ${percent(shared.test)} of test samples`,
    );
    return;
  }
  const between = untrained === undefined ? [] : [untrained];
  printLine(changeText("validation", measure, baseline.validation, ...between, shared.validation));
  printLine(changeText("test", measure, baseline.test, shared.test));
}
