import { Command, CommanderError } from "commander";
import { UserError } from "../errors.ts";
import { compactCommand } from "./compact.ts";
import { compressCommand } from "./compress.ts";
import { decompressCommand } from "./decompress.ts";
import { demoCommand } from "./demo.ts";
import { evalCommand } from "./eval.ts";
import { importCommand } from "./import.ts";
import { inspectCommand } from "./inspect.ts";
import { Interrupted } from "./interrupt.ts";
import { pruneCommand } from "./prune.ts";
import { reproduceCommand } from "./reproduce.ts";
import { scanCommand } from "./scan.ts";
import { trainCommand } from "./train.ts";

const MISTAKE = 2;
const INTERRUPTED = 130;

/**
 * Runs the command line.
 * @returns the exit status: 0 done, 2 a mistake of the user's, 130 stopped by Ctrl-C with a checkpoint left
 */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command("espalier")
    .description(
      "Makes neural networks smaller and faster without losing accuracy: trains, prunes, retrains, shares and codes ONNX graphs.",
    )
    .helpCommand(false);
  for (const command of [
    demoCommand,
    trainCommand,
    evalCommand,
    inspectCommand,
    scanCommand,
    pruneCommand,
    compactCommand,
    compressCommand,
    decompressCommand,
    importCommand,
    reproduceCommand,
  ])
    program.addCommand(command);
  const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
  for (const command of all(program)) {
    command
      .exitOverride()
      .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "espalier: ")) });
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : MISTAKE;
    if (error instanceof UserError || error instanceof Interrupted) {
      process.stderr.write(`espalier: ${error.message}\n`);
      return error instanceof UserError ? MISTAKE : INTERRUPTED;
    }
    throw error;
  }
}
