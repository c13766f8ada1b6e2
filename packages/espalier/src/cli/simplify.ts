import { z } from "zod";
import { json, out } from "../library/options/common.ts";
import { engineOptions } from "../library/options/engine.ts";
import { DIFFERENCE, simplify, simplifyOptions } from "../library/simplify.ts";
import { writeModel } from "../onnx/write.ts";
import { claimFile } from "./claims.ts";
import { defineCommand, only } from "./command.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { openModel } from "./model.ts";
import { engineOf } from "./options.ts";
import { bytes, count, printJson, printLine } from "./print.ts";

/** `espalier simplify`: the same network with less. */
export const simplifyCommand = () =>
  defineCommand({
    name: "simplify",
    summary: "compute constants, settle branches, fold normalization: the same with less",
    description:
      "Makes a model simple: constants are computed, branches taken whose condition is known,\nBatchNormalization folded into the layer before it, and what nothing needs left out.\nBoth models are run on random inputs: the largest difference is told, and a large one refused.",
    argument: { name: "model", help: "an .onnx or .esp file" },
    options: z.object({
      out: out("file", "where to write the simple model"),
      ...simplifyOptions,
      json,
      ...engineOptions,
    }),
    examples: [
      "simplify detector.onnx --out simple.onnx",
      "simplify vad.onnx --fix sr=16000 --out vad-16k.onnx",
      "simplify reader.onnx --shape x=1x3x48x320 --out simple.onnx --json",
    ],
    async run({ argument: path, options }) {
      const { model, bytes: bytesBefore } = openModel(path);
      const { out: file } = options;
      claimFile(file, [path]);
      const result = await running(
        (hooks) => simplify(engineOf(options), model, { ...only(z.object(simplifyOptions), options), ...hooks }),
        () => "Stopped; nothing was written.",
      );
      const contents = writeModel(result.model);
      writeFile(file, contents);
      const { difference, outputs, shapes, nodes, rewrites } = result;
      if (options.json) {
        const sizes = { bytes: contents.length, bytesBefore };
        return printJson({ ...sizes, difference, measure: DIFFERENCE, outputs, shapes, nodes, rewrites, file });
      }
      const { folded, branches, normalizations, merged } = rewrites;
      printLine(
        `${count(nodes[0])} -> ${count(nodes[1])} nodes: ${folded} computed, ${branches} branches settled, ${normalizations} normalizations folded, ${merged} equal tensors merged`,
      );
      const on = Object.entries(shapes).map(([name, shape]) => `${name} [${shape.join(", ")}]`);
      printLine(
        `on random inputs ${on.join(", ")}: largest difference ${difference.toExponential(1)} of the largest output`,
      );
      printLine(`${file}: ${bytes(bytesBefore)} -> ${bytes(contents.length)}`);
    },
  });
