import { z } from "zod";
import { compact } from "../library/compact.ts";
import { json, out } from "../library/options/common.ts";
import { engineOptions } from "../library/options/engine.ts";
import { modelOptions } from "../library/options/model.ts";
import { writeModel } from "../onnx/write.ts";
import { claimFile } from "./claims.ts";
import { defineCommand, only } from "./command.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { openModel } from "./model.ts";
import { engineOf } from "./options.ts";
import { bytes, count, printJson, printLine } from "./print.ts";

/** `espalier compact`: removes the units that pruning has left dead. */
export const compactCommand = () =>
  defineCommand({
    name: "compact",
    summary: "remove dead units from a pruned model",
    description:
      "Removes the units and channels that pruning left without live inputs or outputs.\nThe smaller model computes the same: the largest difference and both times are measured.",
    argument: { name: "model", help: "an .onnx or .esp file" },
    options: z.object({
      out: out("file", "where to write the smaller model"),
      ...modelOptions,
      json,
      ...engineOptions,
    }),
    examples: ["compact pruned/pruned.onnx --out compact.onnx", "compact detector.onnx --out compact.onnx"],
    async run({ argument: path, options }) {
      const { model, bytes: bytesBefore } = openModel(path);
      const { out: file } = options;
      claimFile(file, [path]);
      const result = await running(
        (hooks) => compact(engineOf(options), model, { ...only(z.object(modelOptions), options), ...hooks }),
        () => "Stopped; nothing was written.",
      );
      const contents = writeModel(result.model);
      writeFile(file, contents);
      const { parameters, layers, difference, milliseconds } = result;
      if (options.json) {
        return printJson({
          parameters,
          bytes: contents.length,
          bytesBefore,
          layers,
          difference,
          milliseconds,
          file,
        });
      }
      for (const { name, before, after } of layers) printLine(`${name}: ${count(before)} -> ${count(after)} units`);
      const [was, is] = milliseconds.map((ms) => `${ms.toFixed(3)} ms`);
      printLine(
        `${file}: ${bytes(bytesBefore)} -> ${bytes(contents.length)}, ${was} -> ${is} a sample, largest difference ${difference.toExponential(1)} of the largest output`,
      );
    },
  });
