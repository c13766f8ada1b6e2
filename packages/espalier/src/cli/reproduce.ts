import { join } from "node:path";
import { z } from "zod";
import { openDataset } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import type { Experiment, Figure, Rows } from "../experiments/experiment.ts";
import { experiments } from "../experiments/index.ts";
import { json, out } from "../library/options/common.ts";
import { engineOptions } from "../library/options/engine.ts";
import { jobs, queue, store } from "../library/options/jobs.ts";
import { option, type Values } from "../library/options/option.ts";
import { experimentOf, reproduce, reproduceOptions } from "../library/reproduce.ts";
import { renderExperiment } from "../report/experiment.ts";
import { standalone } from "../report/figure.ts";
import { claimFolder } from "./claims.ts";
import { defineCommand, only } from "./command.ts";
import { writeFile } from "./files.ts";
import { running } from "./interrupt.ts";
import { labRuns } from "./lab-runs.ts";
import { engineOf } from "./options.ts";
import { count, duration, note, printJson, printLine, textTable } from "./print.ts";
import { folderShelf } from "./shelf.ts";
import { openShipped } from "./shipped.ts";
import { withOwnJobs } from "./side-by-side.ts";
import { watched } from "./watched.ts";

const data = option(z.string().optional(), {
  help: "what an experiment about a text learns from, text:FILE, or the folder of an experiment about networks",
  value: "spec",
  reads: "data",
});

const options = z.object({
  out: out("dir", "where to write; networks that experiments share are kept there in runs/"),
  data,
  ...reproduceOptions,
  jobs,
  queue,
  store,
  json,
  ...engineOptions,
});

/** What the command line of reproduce takes. */
export type ReproduceFlags = z.input<typeof options>;

/** `espalier reproduce`: the experiments of the two papers. */
export const reproduceCommand = () =>
  defineCommand({
    name: "reproduce",
    summary: "repeat an experiment of the papers",
    description: `Repeats an experiment, on real MNIST unless it is about a text or networks, and writes its figures, its measurements as JSON, and a page.\n${[...experiments].map(([name, { title }]) => `  ${name.padEnd(14)} ${title}`).join("\n")}`,
    argument: { name: "experiment", help: [...experiments.keys()].join(", "), names: [...experiments.keys()] },
    options,
    examples: [
      "reproduce fig6 --out results",
      "reproduce table1 --out results --json",
      "reproduce criteria --out results --jobs 4",
      "reproduce criteria --out results --queue redis://10.0.0.5:6379 --store /shared/espalier",
      "reproduce lstm --data text:shakespeare.txt --out results",
      "reproduce zoo --data networks --out results",
    ],
    async run({ argument: name, options, line }) {
      const startedAt = performance.now();
      const experiment = experimentOf(name);
      claimFolder(options.out);
      const { jobs, queue, store } = options;
      const isDivided = jobs !== undefined || queue !== undefined;
      if (isDivided) checkDivided(name, experiment, options);
      else if (store !== undefined) {
        throw new UserError("A store is for networks that are trained side by side: give --jobs or --queue too.");
      }
      const { threads = isDivided ? 1 : undefined } = options;
      const data = await dataFor(name, experiment, options);
      const { seed, quick = false } = options;
      const shelf = folderShelf(join(options.out, "runs"));
      const spec = options.data ?? experiment.data ?? MNIST;
      const outcome = await running(
        (hooks) => {
          const run = (elsewhere?: ReturnType<typeof labRuns>) => {
            const how = { ...only(z.object(reproduceOptions), options), ...hooks, elsewhere };
            return reproduce(engineOf({ ...options, threads }), name, data, { ...how, shelf });
          };
          if (!isDivided) return run();
          const place = { jobs, queue, store, threads: threads ?? 1, folder: join(options.out, "jobs") };
          return withOwnJobs(place, (shared, begin) =>
            run(labRuns({ executor: begin([]), store: shared, data: spec, threads: place.threads, ...hooks })),
          );
        },
        () => "Stopped; what is done is kept: the same command goes on from there.",
      );
      const seconds = (performance.now() - startedAt) / 1000;
      const figures = outcome.figures.map((figure) => writeFigure(options.out, figure));
      const files = { json: join(options.out, `${name}.json`), page: join(options.out, `${name}.html`), figures };
      const { measured, texts } = outcome;
      const summary = { experiment: name, seed, quick, ...measured, texts, files, seconds };
      writeFile(files.json, JSON.stringify(summary, null, 2));
      writeFile(files.page, renderExperiment({ ...experiment, ...outcome, command: line }));
      if (options.json) return printJson(summary);
      printLine(experiment.title);
      printLine(tableText(outcome.table));
      printLine(`${files.page}, ${files.json} and ${figures.join(", ")}, in ${duration(seconds)}`);
    },
  });

const MNIST = "mnist";

/** @throws UserError where there is nothing to do side by side, or not on this device */
function checkDivided(
  name: string,
  { data }: Experiment,
  { device, queue }: Values<typeof engineOptions> & { readonly queue?: string },
): void {
  if (data === "networks") {
    const given = queue === undefined ? "--jobs" : "--queue";
    throw new UserError(`The experiment "${name}" trains no networks that could be side by side: leave ${given} out.`);
  }
  if (device !== "cpu") throw new UserError(`Jobs side by side run on the CPU: leave out --device ${device}.`);
}

/** What an experiment learns from: data that comes with Espalier, or what the user gives. */
async function dataFor(
  name: string,
  { data = MNIST }: Experiment,
  { data: given, ...options }: Values<typeof engineOptions> & { readonly data?: string },
) {
  if (data === "networks") {
    if (given === undefined) {
      throw new UserError(`The experiment "${name}" is about networks: give --data DIR, a folder with them.`);
    }
    return openShipped(given, engineOf(options), note);
  }
  if (data === "text" && given?.startsWith("text:")) return watched(await openDataset(given));
  if (data === "text") throw new UserError(`The experiment "${name}" is about text: give --data text:FILE.`);
  if (given === undefined) return watched(await openDataset(data));
  throw new UserError(`The experiment "${name}" has data of its own, ${data}: leave --data out.`);
}

function writeFigure(out: string, { name, picture, caption }: Figure): string {
  const isPng = picture instanceof Uint8Array;
  const path = join(out, `${name}.${isPng ? "png" : "svg"}`);
  writeFile(path, isPng ? picture : standalone(picture, caption));
  return path;
}

function tableText([head, ...rows]: Rows): string {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === "number" ? count(cell) : cell)));
  return textTable(head.map(String), cells);
}
