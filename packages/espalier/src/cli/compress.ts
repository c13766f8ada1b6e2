import { dirname } from "node:path";
import { Command, Option } from "commander";
import { codesWell, encode, encodeFile } from "../coding/encode.ts";
import type { Method } from "../coding/encode-tensor.ts";
import type { Engine } from "../engine/engine.ts";
import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { sharingOf } from "../sharing/distinct.ts";
import { withGather } from "../sharing/gather.ts";
import { rowsOf } from "../sharing/rows.ts";
import type { Sharing } from "../sharing/share.ts";
import { type Errors, errorsOf } from "../training/evaluate.ts";
import { ownLabels } from "../training/own-labels.ts";
import { learnedTensors, parametersOf, withParameters } from "../training/parameters.ts";
import { type DataFlags, type ImageFlags, openData, withData } from "./data-options.ts";
import { checkWritable, writeFile } from "./files.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { type OpenedModel, openModel, openNetwork } from "./model.ts";
import { type EngineFlags, engineOf, withEngine } from "./options.ts";
import {
  agreementText,
  bytes,
  count,
  duration,
  note,
  percent,
  printJson,
  printLine,
  rate,
  textTable,
} from "./print.ts";
import { asksForSharing, type SharingFlags, shareBy, withSharing } from "./sharing-options.ts";

interface Flags extends EngineFlags, SharingFlags, ImageFlags {
  out: string;
  format?: "esp" | "onnx" | "gather";
  mode: Method;
  output?: string;
  json?: boolean;
}

/**
 * @param sharing of the model's tensors; those that its file holds otherwise than as float32 stay written out
 * @param file the model as it was opened, where it is still the same
 */
function contentsIn(
  { format, mode, out }: Flags,
  model: Model,
  sharing: Sharing,
  file: Uint8Array | undefined,
): Uint8Array {
  switch (format ?? (out.endsWith(".onnx") ? "onnx" : "esp")) {
    case "esp":
      if (!file) return encode(model, { mode });
      if (codesWell(file, writeModel(model))) return encodeFile(file, { mode });
      note("Weights that are lists of numbers in the .onnx are coded, and come back, as raw data: the same numbers.");
      return encode(model, { mode });
    case "gather":
      return writeModel(
        withGather(model, new Map([...sharing].filter(([name]) => isFloat32(model.initializers.get(name))))),
      );
    case "onnx":
      return writeModel(model);
  }
}

/** The data that the flags name, labelled by the network itself where it has no labels. */
async function dataFor(flags: Flags & DataFlags, engine: Engine, opened: OpenedModel) {
  const given = await openData(flags, opened.model, { unlabeled: true });
  const network = await openNetwork(opened, engine, given, flags);
  const unlabeled = given.classes === 0;
  if (unlabeled) note("The photographs have no labels: the model's own first classes take their place.");
  return { ...network, data: unlabeled ? await ownLabels(engine, network.model, given) : given, unlabeled };
}

/** `espalier compress`: shares a model's weights if asked, and writes it small. */
export const compressCommand = withEngine(
  withData(
    withSharing(
      new Command("compress")
        .summary("write a model as a small .esp file, its weights shared if asked")
        .description(
          "Writes a model as a small .esp file, from which a page makes the .onnx again, bit for bit.\nWith --bits or --max-loss its weights are shared first, and the shared values trained.",
        )
        .argument("<model>", "an .onnx or .esp file")
        .requiredOption("--out <file>", "where to write"),
    ),
    "train the shared values on this data",
    false,
  )
    .option("--output <name>", "the output with the class scores (default: the first like them)")
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
    '\nExamples:\n  espalier compress pruned.onnx --out pruned.esp\n  espalier compress pruned.onnx --bits 5 --data mnist --out shared.esp\n  espalier compress pruned.onnx --bits "conv*=8,fc*=5" --data mnist --format gather --out shared.onnx\n  espalier compress pruned.onnx --max-loss 0 --method entropy --data mnist --out shared.esp\n  espalier compress squeezenet.onnx --max-loss 1 --method entropy --data images:photographs --out small.esp\n  espalier compress squeezenet.onnx --unlabeled --max-loss 0.5 --data images:photographs --out small.esp',
  )
  .action(async (path: string, flags: Flags) => {
    const startedAt = performance.now();
    const opened = openModel(path);
    const asked = asksForSharing(flags);
    checkWritable(dirname(flags.out));
    const engine = engineOf(flags);
    const { data: spec } = flags;
    const network = spec === undefined ? undefined : await dataFor({ ...flags, data: spec }, engine, opened);
    const model = network?.model ?? opened.model;
    const shared = asked
      ? await interruptible(async (signal) => {
          const found = await shareBy(flags, engine, model, network?.data, signal);
          if (signal.aborted) throw new Interrupted("Stopped; nothing was written.");
          return found;
        })
      : { model, sharing: sharingOf(model) };
    const parameters = parametersOf(shared.model, learnedTensors(shared.model));
    const contents = contentsIn(
      flags,
      network?.restore(parameters) ?? shared.model,
      shared.sharing,
      asked ? undefined : opened.contents,
    );
    writeFile(flags.out, contents);
    const errors = network && {
      baseline: await errorsOf(engine, model, network.data),
      shared: await errorsOf(engine, withParameters(model, network.rounded(parameters)), network.data),
    };
    const layers = asked || flags.format === "gather" ? rowsOf(model, shared.sharing) : [];
    const seconds = (performance.now() - startedAt) / 1000;
    const { bytes: bytesBefore } = opened;
    const ratio = bytesBefore / contents.length;
    if (flags.json) {
      return printJson({
        bytes: contents.length,
        bytesBefore,
        ratio,
        file: flags.out,
        layers,
        labels: network && (network.unlabeled ? "own" : "given"),
        baseline: errors?.baseline,
        untrained: shared.before,
        shared: errors?.shared,
        agreement: shared.agreement,
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
    if (errors) printErrors(errors, shared.before, network?.unlabeled === true);
    if (shared.agreement) printLine(agreementText(shared.agreement, "validation"));
    printLine(
      `${flags.out}: ${bytes(bytesBefore)} -> ${bytes(contents.length)} (${rate(ratio)}), in ${duration(seconds)}`,
    );
  });

/** @param untrained the validation error right after sharing */
function printErrors(
  { baseline, shared }: { readonly baseline: Errors; readonly shared: Errors },
  untrained: number | undefined,
  unlabeled: boolean,
): void {
  if (unlabeled) {
    printLine(
      `another first class  ${percent(shared.validationError)} of validation samples, ${percent(shared.testError)} of test samples`,
    );
    return;
  }
  const between = untrained === undefined ? "" : ` -> ${percent(untrained)}`;
  printLine(`validation error  ${percent(baseline.validationError)}${between} -> ${percent(shared.validationError)}`);
  printLine(`test error        ${percent(baseline.testError)} -> ${percent(shared.testError)}`);
}
