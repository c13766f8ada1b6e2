import { basename, resolve } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { type CompressResult, compress, compressOptions } from "../library/compress.ts";
import { type CompressWay, compressWay } from "../library/compress-way.ts";
import { json, out } from "../library/options/common.ts";
import { optionalData } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { modelOptions } from "../library/options/model.ts";
import { option } from "../library/options/option.ts";
import { about } from "../tasks/measure.ts";
import { fidelityText, inFields, nameText, valueText } from "../tasks/words.ts";
import { checkpointFile } from "./checkpoint.ts";
import { claimFile, lockFile } from "./claims.ts";
import { defineCommand, keep } from "./command.ts";
import { curveFile } from "./curve-file.ts";
import { dataFiles, openData } from "./data.ts";
import { isSpecial, writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { openFixed } from "./model.ts";
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

const report = option(z.string().optional(), {
  help: "where to write a page about what was done (default: beside the output where --max-loss and --data round the weights or --train-rate trains them, else none)",
  value: "file",
  outside: true,
});

const options = z.object({
  out: out("file", "where to write"),
  report,
  ...optionalData("samples by which weights are rounded, fitted or trained, and judged"),
  ...modelOptions,
  ...compressOptions,
  json,
  ...engineOptions,
});

/** What the command line of compress takes. */
export type CompressFlags = z.input<typeof options>;

/** `espalier compress`: shares a model's weights if asked, and writes it small. */
export const compressCommand = () =>
  defineCommand({
    name: "compress",
    summary: "write a model as a small .esp file, its weights shared if asked",
    description:
      "Writes a model as a small .esp file, from which a page makes the .onnx again, bit for bit.\nWith --max-loss and --data its weights are rounded first, as coarsely as keeps its outputs what they were, whatever the network is for: labels are read in the end, to report.\nWith --train-rate they are trained for the bits that they take, as far as --max-loss allows in the measure of the task.\nWith --bits, --method or --unlabeled they are shared as these say; without --data by the weights and what BatchNormalizations tell of inputs, which is a guess.",
    argument: { name: "model", help: "an .onnx or .esp file", reads: "model" },
    options,
    examples: [
      "compress pruned.onnx --out pruned.esp",
      "compress pruned.onnx --bits 5 --data mnist --out shared.esp",
      'compress pruned.onnx --bits "conv*=8,fc*=5" --data mnist --format gather --out shared.onnx',
      "compress detector.onnx --max-loss 2 --data images:pictures --out detector.esp",
      "compress dense.onnx --train-rate --max-loss 0.1 --shift 1 --distill 1 --data mnist --out small.esp",
      "compress pruned.onnx --max-loss 0 --method entropy --data mnist --out shared.esp",
      "compress squeezenet.onnx --max-loss 1 --method entropy --data images:photographs --out small.esp",
      "compress squeezenet.onnx --unlabeled --max-loss 0.5 --data images:photographs --out small.esp",
    ],
    async run({ argument: path, options, computed, line }) {
      const startedAt = performance.now();
      const opened = await openFixed(path, options);
      const { out: file } = options;
      const how = keep(computed, (name) => name in compressOptions);
      const format = options.format ?? (file.endsWith(".onnx") ? "onnx" : "esp");
      const way = compressWay({ ...how, format }, options.data !== undefined);
      const page = pageFor(options, way);
      const inputs = [path, ...dataFiles(options)];
      claimFile(file, inputs);
      if (page) claimFile(page, inputs);
      lockFile(file);
      const data = await openData(options, opened.model, { unlabeled: true, ignoreLabels: way === "within" });
      const state = way === "within" && !isSpecial(file) ? curveFile(file, opened.digest, options) : undefined;
      // As a curve's file does, what a training has come to continues it unasked.
      const checkpoint =
        way === "rate" && !isSpecial(file) ? checkpointFile(`${file}.checkpoint`, { resume: true }) : undefined;
      const result = await running(
        ({ signal, onProgress }) =>
          withWorkers(options, (executor) =>
            compress(engineOf(options), opened, data, {
              ...how,
              signal,
              executor,
              format,
              known: state?.points,
              checkpoint,
              identity: { model: opened.digest, ...computed },
              onProgress(progress) {
                if (progress.kind === "curve") state?.add(progress.point);
                onProgress(progress);
              },
            }),
          ),
        () => {
          if (!checkpoint) return state?.stopped() ?? "Stopped; nothing was written.";
          return `Stopped; everything is in ${checkpoint.name}: the same command goes on from there.`;
        },
      );
      const { contents, layers, labels, measure, baseline, untrained, shared, agreement, curve, fidelity } = result;
      const { judged: byLabels, basis, trials } = result;
      writeFile(file, contents);
      state?.remove();
      checkpoint?.remove();
      const seconds = (performance.now() - startedAt) / 1000;
      const { bytes: bytesBefore } = opened;
      const ratio = bytesBefore / contents.length;
      if (page) {
        // What draws it takes longer to load than a small network to code.
        const { compressReport } = await import("../library/compress-report.ts");
        const about = { title: opened.name, command: line, file: basename(file), bytesBefore, seconds, asked: how };
        writeFile(page, await compressReport(engineOf(options), opened.model, data, result, about));
      }
      const files = page ? { report: page } : undefined;
      if (options.json) {
        const sizes = { bytes: contents.length, bytesBefore, ratio };
        const judged = {
          measure: measure && about(measure),
          baseline: measure && baseline && inFields(measure, { ...baseline }),
          untrained,
          shared: measure && shared && inFields(measure, { ...shared }),
        };
        const labelled = byLabels && labelledFields(byLabels);
        const tried =
          measure && trials?.map(({ validation, ...trial }) => ({ ...trial, ...inFields(measure, { validation }) }));
        const found = { basis, agreement, curve, trials: tried, fidelity, judged: labelled };
        return printJson({ ...sizes, file, layers, labels, ...judged, ...found, files, seconds });
      }
      if (layers.length > 0) {
        printLine(
          textTable(
            ["layer", "weights", "kept", "values", "bits"],
            layers.map((row) => [row.name, ...[row.weights, row.kept, row.values, row.bits].map(count)]),
          ),
        );
      }
      printTrials(result);
      printQuality(result);
      printFidelity(result);
      if (agreement) printLine(agreementText(agreement, "validation"));
      if (byLabels) printLine(changeText("test", byLabels.measure, byLabels.baseline, byLabels.shared));
      printLine(
        `${file}: ${bytes(bytesBefore)} -> ${bytes(contents.length)} (${rate(ratio)}), in ${duration(seconds)}${page ? `; see ${page}` : ""}`,
      );
    },
  });

/** What labels say, as JSON has it. */
function labelledFields({ measure, baseline, shared }: NonNullable<CompressResult["judged"]>) {
  const fields = (test: number) => inFields(measure, { test });
  return { measure: about(measure), baseline: fields(baseline), shared: fields(shared) };
}

/**
 * Where the page about a compression goes: where it is asked for, or beside the output of a search.
 * @throws UserError where there is nothing to tell of, or the page would take the output's place
 */
function pageFor(
  { out, report }: { readonly out: string; readonly report?: string },
  way: CompressWay,
): string | undefined {
  if (report === undefined)
    return (way === "within" || way === "rate") && !isSpecial(out)
      ? `${out.replace(/\.(esp|onnx)$/, "")}.report.html`
      : undefined;
  if (way === "lossless") {
    throw new UserError(
      "--report tells of weights that were made small, which nothing asks for: give --bits or --max-loss too.",
    );
  }
  if (resolve(report) === resolve(out)) throw new UserError(`${out} would be written twice: choose another --report.`);
  return report;
}

function printTrials({ measure, trials }: CompressResult): void {
  if (!measure || !trials) return;
  printLine(
    textTable(
      ["price of a bit", "bytes", "kept", `validation ${nameText(measure)}`, ""],
      trials.map(({ lambda, bytes, density, validation, accepted }) => [
        lambda.toPrecision(3),
        count(bytes),
        rate(1 / density),
        valueText(measure, validation),
        accepted ? "" : "too much",
      ]),
    ),
  );
}

function printQuality({ measure, baseline, shared, untrained, labels }: CompressResult): void {
  if (!measure || !baseline || !shared) return;
  if (labels === "own" && measure.name === "error") {
    printLine(
      `another first class  ${percent(shared.validation)} of validation samples, ${percent(shared.test)} of test samples`,
    );
    return;
  }
  const between = untrained === undefined ? [] : [untrained];
  printLine(changeText("validation", measure, baseline.validation, ...between, shared.validation));
  printLine(changeText("test", measure, baseline.test, shared.test));
}

function printFidelity({ measure, curve, fidelity }: CompressResult): void {
  if (!measure || !curve) return;
  printLine(
    textTable(
      ["about", `the same by ${measure.name}`, ""],
      curve.map(({ bytes: size, fidelity, accepted }) => [
        bytes(size),
        fidelityText(fidelity),
        accepted ? "" : "too little",
      ]),
    ),
  );
  if (!fidelity) return;
  const { validation, test, samples, standardError } = fidelity;
  printLine(
    `the same by ${measure.name}  ${fidelityText(validation)} on validation samples, ${fidelityText(test)} (±${fidelityText(standardError)}) on ${count(samples)} test samples`,
  );
}
