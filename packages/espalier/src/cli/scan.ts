import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { parseJson } from "../json.ts";
import { layersOf, selectLayers } from "../operators/layers.ts";
import { weightDecay } from "../pruning/recipes.ts";
import { scanCost } from "../pruning/scan-cost.ts";
import { type LayerSensitivity, scan } from "../pruning/sensitivity.ts";
import { renderScan } from "../report/scan.ts";
import type { BatchNorm } from "../training/batch-norm.ts";
import { type DataFlags, dataSettings, openData, withData } from "./data-options.ts";
import { checkWritable, readFile, removeFile, writeFile } from "./files.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { openModel, openNetwork } from "./model.ts";
import { densityList, type EngineFlags, engineOf, whole, withEngine } from "./options.ts";
import { count, duration, note, percent, printJson, printLine, share, textTable } from "./print.ts";
import { batchNormOption, retrainingDefaults } from "./training-options.ts";

interface Flags extends EngineFlags, DataFlags {
  out: string;
  densities: number[];
  layers?: string[];
  retrain: number;
  seed: number;
  batchNorm: BatchNorm;
  resume?: boolean;
  json?: boolean;
}

const DENSITIES = [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02];

/** `espalier scan`: how sensitive each layer is to pruning. */
export const scanCommand = withEngine(
  withData(
    new Command("scan")
      .summary("measure how sensitive each layer is to pruning")
      .description(
        "Prunes each layer alone to several densities and measures the validation error,\nwith --retrain also after a short retraining. Writes scan.json and scan.html.",
      )
      .argument("<model>", "an .onnx or .esp file"),
  )
    .requiredOption("--out <dir>", "where to write")
    .addOption(
      new Option("--densities <list>", "the densities to try")
        .argParser(densityList)
        .default(DENSITIES, DENSITIES.join()),
    )
    .option("--layers <patterns...>", "layers to scan, by name or glob (default: all)")
    .option("--retrain <epochs>", "epochs of retraining at each point", whole("number of epochs", 0), 0)
    .option("--seed <n>", "the seed of the retraining", whole("seed", 0), 1)
    .addOption(batchNormOption())
    .option("--resume", "continue an interrupted scan")
    .option("--json", "print one JSON object"),
)
  .addHelpText(
    "after",
    "\nExamples:\n  espalier scan dense.onnx --data mnist --out scan\n  espalier scan dense.onnx --data mnist --out scan --densities 0.5,0.2,0.1,0.05 --retrain 1",
  )
  .action(async (path: string, flags: Flags) => {
    const startedAt = performance.now();
    const opened = openModel(path);
    const engine = engineOf(flags);
    const data = await openData(flags, opened.model);
    const { model, name, digest } = await openNetwork(opened, engine, data, flags);
    const all = layersOf(model);
    const layers = flags.layers
      ? all.filter((layer) => flags.layers?.some((p) => selectLayers(all, p).includes(layer)))
      : all;
    if (layers.length === 0)
      throw new UserError(`${path} has no layer with weights of its own: nothing can be scanned.`);
    checkWritable(flags.out);
    const { densities, retrain: epochs, seed, batchNorm } = flags;
    const settings = JSON.stringify({ model: digest, ...dataSettings(flags), densities, epochs, seed, batchNorm });
    const partial = join(flags.out, "scan.partial.json");
    const known: LayerSensitivity[] = flags.resume ? readPartial(partial, settings) : [];
    const { l2, batch, ...training } = retrainingDefaults(model);
    const result = await interruptible((signal) =>
      scan(engine, model, data, {
        layers,
        densities,
        known,
        signal,
        retrain:
          epochs === 0
            ? undefined
            : { ...training, epochs, batch, seed, batchNorm, regularization: weightDecay(model, { l2 }) },
        onLayer: (layer) => {
          known.push(layer);
          writeFile(partial, JSON.stringify({ settings, layers: known }));
          note(
            `${layer.name}: ${layer.points.map((p) => `${share(p.density)} ${percent(p.retrainedError ?? p.error)}`).join(", ")}`,
          );
        },
      }),
    );
    if (result.aborted) {
      writeFile(partial, JSON.stringify({ settings, layers: known }));
      throw new Interrupted(`Stopped; the layers that are done are in ${partial}: continue with --resume.`);
    }
    const cost = await scanCost(engine, model, { layers, densities });
    const seconds = (performance.now() - startedAt) / 1000;
    const files = { json: join(flags.out, "scan.json"), report: join(flags.out, "scan.html") };
    const summary = { network: name, layers: result.layers, cost, files, seconds };
    writeFile(files.json, JSON.stringify(summary, null, 2));
    writeFile(files.report, renderScan({ ...summary, data: data.name, retrained: epochs > 0 }));
    removeFile(partial);
    if (flags.json) return printJson(summary);
    printLine(tableOf(result.layers, densities));
    printLine(
      `${files.json} and ${files.report}, in ${duration(seconds)}: the work of ${cost.forwardPasses.toFixed(1)} forward passes over ${count(data.validation.size)} samples, ${cost.withoutReuse} without reuse`,
    );
  });

function tableOf(layers: readonly LayerSensitivity[], densities: readonly number[]): string {
  const rows = layers.flatMap(({ name, points }) => {
    const errors = [name, ...points.map(({ error }) => percent(error))];
    if (points.every(({ retrainedError }) => retrainedError === undefined)) return [errors];
    return [errors, ["  retrained", ...points.map(({ retrainedError }) => percent(retrainedError ?? Number.NaN))]];
  });
  return textTable(["error at", ...densities.map(share)], rows);
}

const schema = z.object({
  settings: z.string(),
  layers: z.array(
    z.object({
      name: z.string(),
      weights: z.number(),
      points: z.array(
        z.object({ density: z.number(), error: z.number(), loss: z.number(), retrainedError: z.number().optional() }),
      ),
    }),
  ),
});

function readPartial(path: string, settings: string): LayerSensitivity[] {
  if (!existsSync(path)) throw new UserError(`There is no ${path} to resume: start the scan without --resume.`);
  const parsed = schema.safeParse(parseJson(new TextDecoder().decode(readFile(path))));
  if (!parsed.success) throw new UserError(`${path} is no interrupted scan: start again without --resume.`);
  if (parsed.data.settings !== settings) {
    throw new UserError(
      `${path} belongs to a scan with other options: resume with those, or start again without --resume.`,
    );
  }
  return parsed.data.layers;
}
