import { join } from "node:path";
import { Command, Option } from "commander";
import { openDataset } from "../data/spec.ts";
import { UserError } from "../errors.ts";
import type { Experiment, Figure, Rows } from "../experiments/experiment.ts";
import { experiments } from "../experiments/index.ts";
import { Lab, Stopped } from "../experiments/lab.ts";
import { renderExperiment } from "../report/experiment.ts";
import { standalone } from "../report/figure.ts";
import { checkWritable, writeFile } from "./files.ts";
import { Interrupted, interruptible } from "./interrupt.ts";
import { type EngineFlags, engineOf, whole, withEngine } from "./options.ts";
import { count, duration, note, printJson, printLine, textTable } from "./print.ts";
import { folderShelf } from "./shelf.ts";

interface Flags extends EngineFlags {
  out: string;
  seed: number;
  quick?: boolean;
  data?: string;
  json?: boolean;
}

/** `espalier reproduce`: the experiments of the two papers. */
export const reproduceCommand = withEngine(
  new Command("reproduce")
    .summary("repeat an experiment of the papers")
    .description(
      `Repeats an experiment, on real MNIST unless it is about text, and writes its figures, its measurements as JSON, and a page.\n${[...experiments].map(([name, { title }]) => `  ${name.padEnd(14)} ${title}`).join("\n")}`,
    )
    .argument("<experiment>", [...experiments.keys()].join(", "))
    .requiredOption("--out <dir>", "where to write; networks that experiments share are kept there in runs/")
    .addOption(new Option("--seed <n>", "the seed of all randomness").argParser(whole("seed", 0)).default(1))
    .option("--data <spec>", "the text that an experiment about text learns from: text:FILE")
    .option("--quick", "fewer epochs and settings")
    .option("--json", "print one JSON object"),
)
  .addHelpText(
    "after",
    "\nExamples:\n  espalier reproduce fig6 --out results\n  espalier reproduce table1 --out results --json\n  espalier reproduce lstm --data text:shakespeare.txt --out results",
  )
  .action(async (name: string, flags: Flags) => {
    const startedAt = performance.now();
    const experiment = findExperiment(name);
    checkWritable(flags.out);
    const data = await openDataset(dataFor(name, experiment, flags.data));
    const { seed, quick = false } = flags;
    const outcome = await interruptible(async (signal) => {
      const shelf = folderShelf(join(flags.out, "runs"));
      const lab = new Lab({ engine: engineOf(flags), data, shelf, seed, quick, signal, note });
      try {
        return await experiment.run(lab);
      } catch (error) {
        if (!(error instanceof Stopped)) throw error;
        throw new Interrupted("Stopped; what is done is kept: the same command goes on from there.");
      }
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const figures = outcome.figures.map((figure) => writeFigure(flags.out, figure));
    const files = { json: join(flags.out, `${name}.json`), page: join(flags.out, `${name}.html`), figures };
    const text = flags.data === undefined ? "" : ` --data ${flags.data}`;
    const command = `espalier reproduce ${name}${text}${quick ? " --quick" : ""} --seed ${seed}`;
    const { measured, texts } = outcome;
    const summary = { experiment: name, seed, quick, ...measured, texts, files, seconds };
    writeFile(files.json, JSON.stringify(summary, null, 2));
    writeFile(files.page, renderExperiment({ ...experiment, ...outcome, command }));
    if (flags.json) return printJson(summary);
    printLine(experiment.title);
    printLine(tableText(outcome.table));
    printLine(`${files.page}, ${files.json} and ${figures.join(", ")}, in ${duration(seconds)}`);
  });

function findExperiment(name: string) {
  const found = experiments.get(name);
  if (found) return found;
  throw new UserError(`There is no experiment "${name}": choose one of ${[...experiments.keys()].join(", ")}.`);
}

/** What an experiment learns from: data that comes with Espalier, or the text that the user gives. */
function dataFor(name: string, { data = "mnist" }: Experiment, given: string | undefined): string {
  if (data === "text" && given?.startsWith("text:")) return given;
  if (data === "text") throw new UserError(`The experiment "${name}" is about text: give --data text:FILE.`);
  if (given === undefined) return data;
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
