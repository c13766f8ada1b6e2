import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import { openStore } from "../jobs/open-store.ts";
import { processorName } from "../jobs/processor.ts";
import { jobVersion } from "../jobs/version.ts";
import { json, out, resume } from "../library/options/common.ts";
import { jobs, queue, store } from "../library/options/jobs.ts";
import { settingNames, settingText } from "../report/settings.ts";
import { renderSweep, type SweepReport } from "../report/sweep.ts";
import { valueText } from "../tasks/words.ts";
import { checkpointFile } from "./checkpoint.ts";
import { claimFolder } from "./claims.ts";
import { defineCommand } from "./command.ts";
import { executorFor } from "./executor-for.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { findCommand } from "./job-commands.ts";
import { JobMaker } from "./job-maker.ts";
import { bytes, duration, printJson, printLine, textTable } from "./print.ts";
import { csvOf } from "./sweep/csv.ts";
import { commandLines } from "./sweep/lines.ts";
import { readPlan } from "./sweep/read-plan.ts";
import { type Outcome, putFiles, runPoints } from "./sweep/run-points.ts";
import { type SweepRow, type SweepTable, tableOf } from "./sweep/table.ts";
import { teller } from "./sweep/teller.ts";

const RESULTS = { json: "sweep.json", csv: "sweep.csv", report: "sweep.html" } as const;
/** The state of a sweep that was stopped, in its folder. */
const BEGUN = "sweep.begun.json";

/** `espalier sweep`: many calls of commands, side by side, in one table. */
export const sweepCommand = () =>
  defineCommand({
    name: "sweep",
    summary: "run commands over grids of options and seeds, side by side, into one table",
    description:
      "Runs a plan: train, prune, compress, quantize, scan or reproduce over grids and lists of options, for several seeds, each stage with the models of the one before. Writes sweep.json, sweep.csv and sweep.html: error against size, mean and spread over seeds, the best of both, and the command of each.\nA job that was done is not done again; one that fails is tried twice more, and the others go on.",
    argument: { name: "file", help: "the plan: JSON, or a module that exports it by default (defineSweep)" },
    options: z.object({ out: out("dir", "where to write"), store, jobs, queue, resume, json }),
    examples: [
      "sweep plan.json --out sweep",
      "sweep plan.js --out sweep --jobs 4 --resume",
      "sweep plan.js --out sweep --queue redis://10.0.0.5:6379 --store /shared/espalier",
    ],
    async run({ argument: file, options, line }) {
      const startedAt = performance.now();
      const plan = await readPlan(file);
      const { name, threads, seeds, points, commands } = plan;
      claimFolder(options.out, Object.values(RESULTS), [file]);
      const begun = checkpointFile(join(options.out, BEGUN), options);
      const address = options.store ?? join(options.out, "store");
      const store = await openStore(address);
      const maker = new JobMaker(store, findCommand);
      await putFiles(points, maker);
      const folder = join(options.out, "work");
      const { queue, jobs } = options;
      const executor = executorFor({ queue, jobs, threads, store: address, folder, modules: maker.modules });
      begun.save(new TextEncoder().encode(JSON.stringify({ name, jobs: points.length })));
      let done = 0;
      const outcomes = await running(
        async ({ signal, onProgress }) => {
          const told = teller(points.length, onProgress);
          const onOutcome = (outcome: Outcome) => {
            done++;
            told.onOutcome(outcome);
          };
          try {
            return await runPoints(points, { executor, store, maker, threads, signal, ...told, onOutcome });
          } finally {
            await executor.release();
          }
        },
        () => `Stopped; ${done} of ${points.length} jobs are done: continue with the same command and --resume.`,
      );
      const table = tableOf(outcomes, (point, rowOf) => commandLines(point, rowOf, { commands, threads }));
      const machine = { version: jobVersion(), processor: processorName() };
      const files = writeTable(options.out, { name, ...machine, threads, seeds, ...table }, line);
      const failed = table.points.filter((point) => point.failed !== undefined);
      if (failed.length > 0) {
        throw new UserError(
          `${failed.length} of ${points.length} jobs failed (${failed[0].failed}); ${files.json} has the others: fix what it says, and continue with --resume.`,
        );
      }
      begun.remove();
      rmSync(folder, { recursive: true, force: true });
      const seconds = (performance.now() - startedAt) / 1000;
      const known = outcomes.filter((outcome) => "record" in outcome && outcome.isKnown).length;
      if (options.json) return printJson({ name, jobs: points.length, known, rows: table.rows, files, seconds });
      printLine(rowsText(table.rows));
      printLine(`${files.report}, ${files.json} and ${files.csv}, in ${duration(seconds)}`);
    },
  });

type Table = Omit<SweepReport, "command"> & SweepTable & { readonly seeds: readonly number[] };

function writeTable(out: string, table: Table, command: string) {
  const files = { json: join(out, RESULTS.json), csv: join(out, RESULTS.csv), report: join(out, RESULTS.report) };
  writeFile(files.json, `${JSON.stringify(table, null, 2)}\n`);
  writeFile(files.csv, csvOf(table.rows));
  writeFile(files.report, renderSweep({ ...table, command }));
  return files;
}

function rowsText(rows: readonly SweepRow[]): string {
  const names = settingNames(rows);
  const cells = rows.map((row) => [
    String(row.row),
    row.stage,
    ...names.map((each) => settingText(row.settings[each])),
    String(row.seeds.length),
    row.measure && row.test ? valueText(row.measure, row.test.mean) : "",
    row.measure && row.test?.deviation !== undefined ? valueText(row.measure, row.test.deviation) : "",
    row.bytes ? bytes(row.bytes.mean) : "",
    row.isFront ? "yes" : "",
  ]);
  return textTable(["#", "stage", ...names, "seeds", "test", "±", "size", "front"], cells, 2);
}
