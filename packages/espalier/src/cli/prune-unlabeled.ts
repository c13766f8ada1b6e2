import { join } from "node:path";
import type { Command } from "commander";
import { UserError } from "../errors.ts";
import { writeModel } from "../onnx/write.ts";
import { layersOf } from "../operators/layers.ts";
import { countNonzero } from "../pruning/mask.ts";
import { pruneUnlabeled, type UnlabeledOptions } from "../pruning/reconstruction/search.ts";
import { chooseMasks } from "../pruning/target.ts";
import { layerTable } from "../report/layer-table.ts";
import { renderUnlabeled } from "../report/unlabeled.ts";
import { agreementOn, scoresOn } from "../training/agreement.ts";
import { Evaluator, errorsOf } from "../training/evaluate.ts";
import { parametersOf, trainableParameters, withParameters } from "../training/parameters.ts";
import { type DataFlags, openData } from "./data-options.ts";
import { checkWritable, writeFile } from "./files.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { countParameters, openModel, openNetwork } from "./model.ts";
import { type EngineFlags, engineOf } from "./options.ts";
import {
  agreementText,
  count,
  duration,
  layerTableText,
  note,
  percent,
  printJson,
  printLine,
  rate,
  trialText,
} from "./print.ts";
import { PRUNED } from "./results.ts";
import { frozenParameters } from "./training-options.ts";

interface Flags extends EngineFlags, DataFlags {
  out: string;
  maxLoss?: number;
  rate?: number;
  density?: (readonly [pattern: string, density: number])[];
  freeze?: string[];
  json?: boolean;
}

/** What `prune --unlabeled` takes, beside what every command takes of data. */
const TAKEN = new Set([
  "unlabeled",
  "out",
  "maxLoss",
  "rate",
  "density",
  "freeze",
  "json",
  "device",
  "threads",
  "data",
]);
const OF_DATA = ["resize", "crop", "channels", "mean", "scale", "labels", "classes", "parts", "divisionSeed", "output"];

/** `espalier prune --unlabeled`: prunes and fits layer by layer, without labels and without training. */
export async function pruneWithoutLabels(path: string, flags: Flags, command: Command): Promise<void> {
  const startedAt = performance.now();
  checkOptions(command);
  const opened = openModel(path);
  const engine = engineOf(flags);
  checkWritable(flags.out);
  const data = await openData(flags, opened.model, { unlabeled: true });
  const network = await openNetwork(opened, engine, data, flags);
  const { model, name, contents } = network;
  const all = layersOf(model);
  const frozen = frozenParameters(model, flags.freeze);
  const layers = all.filter(({ weight }) => !frozen.has(weight));
  const target = targetOf(flags, layers);
  const onnx = join(flags.out, PRUNED);
  writeFile(onnx, contents);
  let smallest = 1;
  const result = await interruptible((signal) =>
    pruneUnlabeled(engine, model, data, {
      target,
      layers,
      signal,
      onCurve: ({ name }) => note(`${name}: measured`),
      onTrial: (trial, parameters) => {
        note(`${trial.rate.toFixed(2)}x: ${trialText(trial)}`);
        if (!trial.accepted || trial.rate <= smallest) return;
        smallest = trial.rate;
        writeFile(onnx, writeModel(network.restore(parameters)));
      },
    }),
  ).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
    throw new Interrupted(`Stopped; the smallest network so far is ${onnx}.`);
  });
  if (!result.parameters) {
    note("No smaller network within the loss of accuracy was found: the result is the model as it came.");
  }
  if (result.parameters) writeFile(onnx, writeModel(network.restore(result.parameters)));
  const pruned = result.parameters ? withParameters(model, network.rounded(result.parameters)) : model;
  const labelled = data.classes > 0;
  const baseline = labelled ? await errorsOf(engine, model, data) : null;
  const errors = labelled ? await errorsOf(engine, pruned, data) : null;
  const evaluator = await Evaluator.create(engine, model, data, trainableParameters(model));
  const reference = {
    validation: await scoresOn(evaluator, data.validation),
    test: await scoresOn(evaluator, data.test),
  };
  evaluator.load(parametersOf(pruned, trainableParameters(model)));
  const agreement = {
    validation: await agreementOn(evaluator, data.validation, reference.validation),
    test: await agreementOn(evaluator, data.test, reference.test),
  };
  await evaluator.release();
  const rows = await layerTable(engine, pruned, data.validation);
  const counts = countParameters(pruned);
  const compressionRate = counts.parameters / counts.nonzero;
  const seconds = (performance.now() - startedAt) / 1000;
  const files = { onnx, report: join(flags.out, "report.html") };
  const summary = { network: name, ...counts, compressionRate, baseline, pruned: errors, agreement };
  const { trials } = result;
  writeFile(
    files.report,
    renderUnlabeled({
      ...summary,
      command: `espalier prune ${path} --data ${flags.data} --unlabeled${asOption(flags)}`,
      errors: baseline && errors ? { baseline: baseline.testError, pruned: errors.testError } : undefined,
      layers: rows,
      trials,
      seconds,
    }),
  );
  if (flags.json) return printJson({ ...summary, layers: rows, trials, files, seconds });
  printLine(layerTableText(rows));
  printLine(`parameters        ${count(counts.parameters)} -> ${count(counts.nonzero)} (${rate(compressionRate)})`);
  if (baseline && errors) printLine(`test error        ${percent(baseline.testError)} -> ${percent(errors.testError)}`);
  printLine(agreementText(agreement.test, "test"));
  printLine(`${files.onnx} and ${files.report}, in ${duration(seconds)}`);
}

/** @throws UserError for options that are about training */
function checkOptions(command: Command): void {
  const known = new Set([...TAKEN, ...OF_DATA]);
  const given = command.options.filter((option) => {
    const name = option.attributeName();
    return command.getOptionValueSource(name) === "cli" && !known.has(name);
  });
  if (given.length > 0) {
    throw new UserError(
      `--unlabeled trains nothing and chooses by itself: leave out ${given.map(({ long }) => long).join(" and ")}.`,
    );
  }
}

function targetOf({ maxLoss, rate, density }: Flags, layers: ReturnType<typeof layersOf>): UnlabeledOptions["target"] {
  if ([maxLoss, rate, density].filter((value) => value !== undefined).length !== 1) {
    throw new UserError("How far to prune without labels is not clear: give one of --max-loss, --rate and --density.");
  }
  if (maxLoss !== undefined) return { kind: "loss", points: maxLoss };
  if (rate !== undefined) return { kind: "rate", rate };
  const weights = new Map(layers.map(({ weight, tensor }) => [weight, tensor]));
  const masks = chooseMasks({ kind: "density", layers: density ?? [] }, layers, weights);
  const densities = layers.flatMap(({ name, weight }) => {
    const mask = masks.get(weight);
    return mask ? [[name, countNonzero(mask) / mask.data.length] as const] : [];
  });
  return { kind: "densities", densities: new Map(densities) };
}

function asOption({ maxLoss, rate, density }: Flags): string {
  if (maxLoss !== undefined) return ` --max-loss ${maxLoss}`;
  if (rate !== undefined) return ` --rate ${rate}`;
  return ` --density ${(density ?? []).map(([name, value]) => `${name}=${value}`).join()}`;
}
