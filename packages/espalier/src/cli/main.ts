import { Command, CommanderError } from "commander";
import { UserError } from "../errors.ts";
import { ownVersion } from "../jobs/version.ts";
import { OptionsError } from "../options-error.ts";
import { choices } from "../suggest.ts";
import { releaseClaims } from "./claims.ts";
import { flag } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { addCompletion } from "./completion.ts";
import { INTERRUPTED, Interrupted, interruptible } from "./interrupt.ts";
import { plain } from "./plain.ts";
import { complain, direct, printJson } from "./print.ts";

const MISTAKE = 2;

/**
 * Runs the command line. With --json, what went wrong is on stdout too: `{ "error": sentence }`.
 * @returns the exit status: 0 done, 2 a mistake of the user's, 130 stopped by Ctrl-C
 */
export async function main(args: readonly string[]): Promise<number> {
  direct();
  const tell = (sentence: string) => {
    if (asksForJson(args)) printJson({ error: plain(sentence) });
    complain(`espalier: ${sentence}`);
  };
  try {
    await interruptible(async () => (await programFor(args)).parseAsync(args, { from: "user" }), tell);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const sentence = sentenceOf(error);
    if (error instanceof UserError || error instanceof Interrupted) {
      tell(sentence);
      return error instanceof UserError ? MISTAKE : INTERRUPTED;
    }
    if (asksForJson(args)) printJson({ error: plain(sentence) });
    // Commander has told its own already.
    if (error instanceof CommanderError) return MISTAKE;
    throw error;
  } finally {
    releaseClaims();
  }
}

function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}

function sentenceOf(error: unknown): string {
  if (error instanceof OptionsError) return error.said(flag);
  if (error instanceof CommanderError) return oneLine(error.message);
  return error instanceof Error ? error.message : String(error);
}

/** A mistake that commander tells, as one line: it puts what was likely meant on a second. */
const oneLine = (text: string) => text.replace(/^error: /, "").replace(/\n(?=\(Did you mean)/, " ");

const VERSION = ["-V", "--version"];

/** The program with the command that is called, or with all where none is, as its help needs them. */
async function programFor([first = ""]: readonly string[]): Promise<Command> {
  const program = new Command("espalier")
    .description(
      "Makes neural networks smaller and faster without losing accuracy: trains, prunes, retrains, shares and codes ONNX graphs.",
    )
    .version(ownVersion(), VERSION.join(", "), "print the version")
    .helpCommand(false);
  const called = COMMANDS.get(first);
  const needed = VERSION.includes(first) ? [] : called ? [called] : [...COMMANDS.values()];
  for (const command of await Promise.all(needed.map((load) => load()))) program.addCommand(command);
  program.addCommand(helpCommand());
  addCompletion(program);
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  for (const command of all(program)) {
    command.exitOverride().configureOutput({
      outputError: (text, write) => write(`espalier: ${oneLine(plain(text))}`),
    });
  }
  return program;
}

/** `espalier help COMMAND`: the same as `espalier COMMAND --help`. */
function helpCommand(): Command {
  return new Command("help")
    .summary("explain a command")
    .argument("[command...]", "its name")
    .action((names: readonly string[], _: unknown, { parent }: Command) => {
      let found = parent ?? undefined;
      for (const name of names) {
        const next: Command | undefined = found?.commands.find((command) => command.name() === name);
        if (!next) {
          const known = found?.commands.map((command) => command.name()) ?? [];
          throw new UserError(`There is no command "${name}": ${choices(name, known)}.`);
        }
        found = next;
      }
      found?.help();
    });
}
