import { dirname } from "node:path";
import { Command, Option } from "commander";
import { codesWell, encode, encodeFile } from "../coding/encode.ts";
import type { Method } from "../coding/encode-tensor.ts";
import { openDataset } from "../data/spec.ts";
import { writeModel } from "../onnx/write.ts";
import { sharingOf } from "../sharing/distinct.ts";
import { withGather } from "../sharing/gather.ts";
import { rowsOf } from "../sharing/rows.ts";
import { errorsOf } from "../training/evaluate.ts";
import { checkWritable, writeFile } from "./files.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { openModel } from "./model.ts";
import { type EngineFlags, engineOf, withEngine } from "./options.ts";
import { bytes, count, duration, note, percent, printJson, printLine, rate, textTable } from "./print.ts";
import { asksForSharing, type Shared, type SharingFlags, shareBy, withSharing } from "./sharing-options.ts";

interface Flags extends EngineFlags, SharingFlags {
  out: string;
  format?: "esp" | "onnx" | "gather";
  mode: Method;
  json?: boolean;
}

/** @param file the model as it was opened, where it is still the same */
function contentsIn(
  { format, mode, out }: Flags,
  { model, sharing }: Pick<Shared, "model" | "sharing">,
  file: Uint8Array | undefined,
): Uint8Array {
  switch (format ?? (out.endsWith(".onnx") ? "onnx" : "esp")) {
    case "esp":
      if (!file) return encode(model, { mode });
      if (codesWell(file, writeModel(model))) return encodeFile(file, { mode });
      note("Weights that are lists of numbers in the .onnx are coded, and come back, as raw data: the same numbers.");
      return encode(model, { mode });
    case "gather":
      return writeModel(withGather(model, sharing));
    case "onnx":
      return writeModel(model);
  }
}

/** `espalier compress`: shares a model's weights if asked, and writes it small. */
export const compressCommand = withEngine(
  withSharing(
    new Command("compress")
      .summary("write a model as a small .esp file, its weights shared if asked")
      .description(
        "Writes a model as a small .esp file, from which a page makes the .onnx again, bit for bit.\nWith --bits or --max-loss its weights are shared first, and the shared values trained.",
      )
      .argument("<model>", "an .onnx or .esp file")
      .requiredOption("--out <file>", "where to write"),
  )
    .addOption(
      new Option(
        "--format <name>",
        "esp (default, unless the name ends in .onnx); onnx: values written out; gather: codes and codebooks in an .onnx",
      ).choices(["esp", "onnx", "gather"]),
    )
    .addOption(
      new Option(
        "--mode <name>",
        "how an .esp is coded: in contexts (the smallest), with static tables (the quickest to decode), or as in Deep Compression, by relative indices and Huffman",
      )
        .choices(["context", "static", "huffman"])
        .default("context"),
    )
    .option("--json", "print one JSON object"),
)
  .addHelpText(
    "after",
    '\nExamples:\n  espalier compress pruned.onnx --out pruned.esp\n  espalier compress pruned.onnx --bits 5 --data mnist --out shared.esp\n  espalier compress pruned.onnx --bits "conv*=8,fc*=5" --data mnist --format gather --out shared.onnx\n  espalier compress pruned.onnx --max-loss 0 --method entropy --data mnist --out shared.esp',
  )
  .action(async (path: string, flags: Flags) => {
    const startedAt = performance.now();
    const { model, bytes: bytesBefore, contents: file } = openModel(path);
    const asked = asksForSharing(flags);
    checkWritable(dirname(flags.out));
    const data = flags.data === undefined ? undefined : await openDataset(flags.data);
    const engine = engineOf(flags);
    const shared = asked
      ? await interruptible(async (signal) => {
          const found = await shareBy(flags, engine, model, data, signal);
          if (signal.aborted) throw new Interrupted("Stopped; nothing was written.");
          return found;
        })
      : { model, sharing: sharingOf(model) };
    const contents = contentsIn(flags, shared, asked ? undefined : file);
    writeFile(flags.out, contents);
    const baseline = data && (await errorsOf(engine, model, data));
    const after = data && (await errorsOf(engine, shared.model, data));
    const layers = asked || flags.format === "gather" ? rowsOf(model, shared.sharing) : [];
    const seconds = (performance.now() - startedAt) / 1000;
    const ratio = bytesBefore / contents.length;
    if (flags.json) {
      return printJson({
        bytes: contents.length,
        bytesBefore,
        ratio,
        file: flags.out,
        layers,
        baseline,
        untrained: shared.before,
        shared: after,
        seconds,
      });
    }
    if (layers.length > 0) {
      printLine(
        textTable(
          ["layer", "weights", "kept", "values", "bits"],
          layers.map((row) => [row.name, ...[row.weights, row.kept, row.values, row.bits].map(count)]),
        ),
      );
    }
    if (baseline && after) {
      const untrained = shared.before === undefined ? "" : ` -> ${percent(shared.before)}`;
      printLine(
        `validation error  ${percent(baseline.validationError)}${untrained} -> ${percent(after.validationError)}`,
      );
      printLine(`test error        ${percent(baseline.testError)} -> ${percent(after.testError)}`);
    }
    printLine(
      `${flags.out}: ${bytes(bytesBefore)} -> ${bytes(contents.length)} (${rate(ratio)}), in ${duration(seconds)}`,
    );
  });
