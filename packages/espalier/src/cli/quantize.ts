import { basename, resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { json, out } from "../library/options/common.ts";
import { optionalData } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { modelOptions } from "../library/options/model.ts";
import { option } from "../library/options/option.ts";
import { type QuantizedLayer, type QuantizeResult, quantize, quantizeOptions } from "../library/quantize.ts";
import { DIFFERENCE } from "../library/simplify.ts";
import { writeModel } from "../onnx/write.ts";
import { about } from "../tasks/measure.ts";
import { errorText, fidelityText } from "../tasks/words.ts";
import { claimFile } from "./claims.ts";
import { defineCommand, only } from "./command.ts";
import { dataFiles, openData } from "./data.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { openFixed } from "./model.ts";
import { engineOf } from "./options.ts";
import { bytes, count, duration, note, printJson, printLine, rate, textTable } from "./print.ts";

const options = z.object({
  out: out("file", "where to write the quantized model"),
  report: option(z.string().optional(), {
    help: "where to write a page about what was done (default: none)",
    value: "file",
    outside: true,
  }),
  ...optionalData("samples by which values are measured, layers rounded, and the outputs judged"),
  ...modelOptions,
  ...quantizeOptions,
  json,
  ...engineOptions,
});

/** What the command line of quantize takes. */
export type QuantizeFlags = z.input<typeof options>;

/** `espalier quantize`: a network with smaller numbers, for ONNX Runtime. */
export const quantizeCommand = () =>
  defineCommand({
    name: "quantize",
    summary: "write a model with 8 or 4 bits, or halves, chosen by accuracy",
    description:
      "Writes a model as an .onnx whose weights, and what is computed of them, have 8 bits (int8), 4 bits (int4) or halves\n(float16), as ONNX Runtime runs it. With --data layers that lose most are held better until the outputs are within\n--max-loss of what they were; labels are not read. Without it random inputs show whether they are the same at all.",
    argument: { name: "model", help: "an .onnx or .esp file", reads: "model" },
    options,
    examples: [
      "quantize detector.onnx --to int8 --data images:pages --out detector.int8.onnx",
      "quantize vad.onnx --to int8 --data audio:speech --window 512 --max-loss 0.5 --out vad.int8.onnx",
      "quantize language.onnx --to int4 --data text:shakespeare.txt --max-loss 2 --out language.int4.onnx",
      "quantize model.onnx --to float16 --out half.onnx --json",
    ],
    async run({ argument: path, options, line }) {
      const startedAt = performance.now();
      const { model, name: title, bytes: bytesBefore } = await openFixed(path, options);
      const { out: file, report } = options;
      const inputs = [path, ...dataFiles(options)];
      claimFile(file, inputs);
      if (report !== undefined) {
        if (resolve(report) === resolve(file)) {
          throw new UserError(`${file} would be written twice: choose another --report.`);
        }
        claimFile(report, inputs);
      }
      const data = await openData(options, model, { unlabeled: true, ignoreLabels: true });
      const asked = only(z.object(quantizeOptions), options);
      const result = await running(
        (hooks) => quantize(engineOf(options), model, data, { ...asked, ...hooks }),
        () => "Stopped; nothing was written.",
      );
      const contents = writeModel(result.model);
      writeFile(file, contents);
      const seconds = (performance.now() - startedAt) / 1000;
      if (contents.length >= bytesBefore) {
        note("The file is no smaller: scales and nodes take more than so few weights spare.");
      }
      if (report !== undefined) {
        const { quantizeReport } = await import("../library/quantize-report.ts");
        const about = {
          title,
          command: line,
          file: basename(file),
          bytes: contents.length,
          bytesBefore,
          seconds,
          asked,
        };
        writeFile(report, await quantizeReport(engineOf(options), model, data, result, about));
      }
      if (options.json) {
        const { difference, measure, fidelity, nearest, layers } = result;
        const sizes = { bytes: contents.length, bytesBefore, ratio: bytesBefore / contents.length };
        const judged = { measure: measure ? about(measure) : DIFFERENCE, fidelity, nearest };
        const left = leftOf(layers);
        return printJson({
          ...sizes,
          to: options.to,
          difference,
          ...judged,
          layers,
          left,
          file,
          files: report === undefined ? undefined : { report },
          seconds,
        });
      }
      printResult(result);
      printLine(
        `${basename(file)}: ${bytes(bytesBefore)} -> ${bytes(contents.length)} (${rate(bytesBefore / contents.length)}), in ${duration(seconds)}`,
      );
    },
  });

/** The names of layers that are as they came. */
const leftOf = (layers: readonly QuantizedLayer[]) =>
  layers.filter(({ as }) => as === "float32").map(({ name }) => name);

function printResult({ layers, difference, measure, fidelity, nearest }: QuantizeResult): void {
  const tried = layers.some(({ errors }) => errors);
  const rows = layers.map(({ name, op, weights, as, errors }) => [
    name,
    op,
    count(weights),
    as,
    ...(tried ? [errorsText(errors)] : []),
  ]);
  printLine(textTable(["layer", "op", "weights", "held as", ...(tried ? ["error by itself"] : [])], rows, 2));
  const left = leftOf(layers);
  if (left.length > 0) printLine(`left in float32   ${left.join(", ")}`);
  if (!measure || !fidelity) {
    printLine(`on random inputs: largest difference ${difference.toExponential(1)} of the largest output`);
    return;
  }
  const { validation, test, samples, standardError } = fidelity;
  printLine(
    `the same by ${measure.name}  ${fidelityText(validation)} on validation samples, ${fidelityText(test)} (±${fidelityText(standardError)}) on ${count(samples)} test samples`,
  );
  if (nearest) printLine(`each weight the nearest  ${fidelityText(nearest.fidelity)} on test samples`);
}

/** "int8 1.2%, int8 weights 0.3%". */
function errorsText(errors: QuantizedLayer["errors"] = {}): string {
  return Object.entries(errors)
    .map(([way, error]) => `${way} ${errorText(error)}`)
    .join(", ");
}
