import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { type Json, parseJson } from "../json.ts";
import { json, out, resume } from "../library/options/common.ts";
import { dataOptions } from "../library/options/data.ts";
import { engineOptions } from "../library/options/engine.ts";
import { jobs, queue, store } from "../library/options/jobs.ts";
import { modelOptions } from "../library/options/model.ts";
import { scanOptions } from "../library/options/pruning.ts";
import { taskOptions } from "../library/options/task.ts";
import type { Progress } from "../library/progress.ts";
import { scan } from "../library/scan.ts";
import { type LayerSensitivity, sensitivityFields } from "../pruning/sensitivity.ts";
import { renderScan } from "../report/scan.ts";
import { IMITATE } from "../tasks/index.ts";
import { about, type Measure } from "../tasks/measure.ts";
import { nameText, valueText } from "../tasks/words.ts";
import { type CheckpointFile, checkpointFile } from "./checkpoint.ts";
import { claimFolder } from "./claims.ts";
import { defineCommand, only } from "./command.ts";
import { dataFiles, openData } from "./data.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { jobOptions } from "./job-options.ts";
import { openFixed } from "./model.ts";
import { engineOf } from "./options.ts";
import { count, duration, printJson, printLine, share, textTable } from "./print.ts";
import { SCANNED } from "./results.ts";
import { scanByJobs } from "./scan-by-jobs.ts";

const options = z.object({
  out: out("dir", "where to write"),
  ...dataOptions,
  ...modelOptions,
  ...scanOptions,
  jobs,
  queue,
  store,
  resume,
  json,
  ...engineOptions,
});

const argument = { name: "model", help: "an .onnx or .esp file", reads: "model" } as const;

/** What the command line of scan takes. */
export type ScanFlags = z.input<typeof options>;

/** `espalier scan`: how sensitive each layer is to pruning. */
export const scanCommand = () =>
  defineCommand({
    name: "scan",
    summary: "measure how sensitive each layer is to pruning",
    description:
      "Prunes each layer alone to several densities and measures the validation error,\nwith --retrain also after a short retraining. Writes scan.json and scan.html.",
    argument,
    options,
    examples: [
      "scan dense.onnx --data mnist --out scan",
      "scan dense.onnx --data mnist --out scan --densities 0.5,0.2,0.1,0.05 --retrain 1",
      "scan dense.onnx --data mnist --out scan --retrain 1 --jobs 4",
    ],
    async run({ argument: path, options: chosen, computed, values, line }) {
      const startedAt = performance.now();
      const { model, name, digest } = await openFixed(path, chosen);
      claimFolder(chosen.out, [SCANNED, "scan.json", "scan.html"], [path, ...dataFiles(chosen)]);
      const partial = checkpointFile(join(chosen.out, SCANNED), chosen);
      const data = await openData(chosen, model, { unlabeled: true, assume: chosen.task === IMITATE });
      const { layers: _, ...rest } = computed;
      const { jobs, queue, store } = chosen;
      const isDivided = jobs !== undefined || queue !== undefined;
      if (!isDivided && store !== undefined) {
        throw new UserError("A store is for layers that are scanned side by side: give --jobs or --queue too.");
      }
      if (isDivided && chosen.device !== "cpu") {
        throw new UserError(`Jobs side by side run on the CPU: leave out --device ${chosen.device}.`);
      }
      const { threads = isDivided ? 1 : undefined } = chosen;
      const settings = JSON.stringify({ model: digest, ...rest, threads });
      const known: LayerSensitivity[] = chosen.resume ? readPartial(partial, settings) : [];
      const keep = () => partial.save(new TextEncoder().encode(JSON.stringify({ settings, layers: known })));
      const result = await running(
        ({ signal, onProgress }) => {
          const told = (progress: Progress) => {
            onProgress(progress);
            if (progress.kind !== "layer" || !progress.sensitivity) return;
            known.push(progress.sensitivity);
            keep();
          };
          const how = { jobs, queue, store, threads: threads ?? 1, seed: chosen.seed, model: path, out: chosen.out };
          const elsewhere = (names: readonly string[]) =>
            scanByJobs(names, {
              ...how,
              scan: { argument, options: options.shape },
              options: ofJobs(values),
              signal,
              onProgress: told,
            });
          return scan(engineOf({ ...chosen, threads }), model, data, {
            ...only(z.object({ ...taskOptions, ...scanOptions }), chosen),
            known: [...known],
            signal,
            onProgress: told,
            elsewhere: isDivided ? elsewhere : undefined,
          });
        },
        () => {
          keep();
          return `Stopped; the layers that are done are in ${partial.name}: continue with --resume.`;
        },
      );
      const seconds = (performance.now() - startedAt) / 1000;
      const files = { json: join(chosen.out, "scan.json"), report: join(chosen.out, "scan.html") };
      const { measure, layers, cost } = result;
      const inJson = layers.map((layer) => sensitivityFields(measure, layer));
      const summary = { network: name, measure: about(measure), layers: inJson, cost, files, seconds };
      writeFile(files.json, JSON.stringify(summary, null, 2));
      const report = { network: name, command: line, data: data.name, measure, layers, cost, seconds };
      writeFile(files.report, renderScan({ ...report, retrained: chosen.retrain > 0 }));
      partial.remove();
      if (chosen.json) return printJson(summary);
      printLine(tableOf(layers, chosen.densities, measure));
      const { forwardPasses, withoutReuse } = cost;
      printLine(
        `${files.json} and ${files.report}, in ${duration(seconds)}: the work of ${forwardPasses.toFixed(1)} forward passes over ${count(data.validation.size)} samples, ${withoutReuse} without reuse`,
      );
    },
  });

/** The options of a scan that are those of its jobs too. */
function ofJobs(values: Readonly<Record<string, unknown>>): Record<string, Json> {
  const { layers: _, ...taken } = jobOptions(options.shape);
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (name in taken ? [[name, z.json().parse(value)]] : [])),
  );
}

function tableOf(layers: readonly LayerSensitivity[], densities: readonly number[], measure: Measure): string {
  const rows = layers.flatMap(({ name, points }) => {
    const values = [name, ...points.map(({ value }) => valueText(measure, value))];
    if (points.every(({ retrained }) => retrained === undefined)) return [values];
    return [values, ["  retrained", ...points.map(({ retrained = Number.NaN }) => valueText(measure, retrained))]];
  });
  return textTable([`${nameText(measure)} at`, ...densities.map(share)], rows);
}

const schema = z.object({
  settings: z.string(),
  layers: z.array(
    z.object({
      name: z.string(),
      weights: z.number(),
      points: z.array(
        z.object({ density: z.number(), value: z.number(), loss: z.number(), retrained: z.number().optional() }),
      ),
    }),
  ),
});

export function readPartial(
  { name: path, load }: Pick<CheckpointFile, "name" | "load">,
  settings: string,
): LayerSensitivity[] {
  const stored = load();
  if (!stored) throw new UserError(`There is no ${path} to resume: start the scan without --resume.`);
  const parsed = schema.safeParse(parseJson(new TextDecoder().decode(stored)));
  if (!parsed.success) throw new UserError(`${path} is not an interrupted scan: start again without --resume.`);
  if (parsed.data.settings !== settings) {
    throw new UserError(
      `${path} belongs to a scan with other options: resume with those, or start again without --resume.`,
    );
  }
  return parsed.data.layers;
}
