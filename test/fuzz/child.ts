import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { targets } from "./parsers/index.ts";
import { inputOf, type Rounds, runRounds, saved } from "./rounds.ts";

/** What a child process is to do. */
export interface Order extends Rounds {
  readonly target: string;
  /** The folder for inputs that do what none may. */
  readonly faults: string;
  /** A file into which the number of each round is written before it begins, so that it is known when the process ends. */
  readonly progress: string;
  /** Why an earlier process ended: its input, which is the first, is only saved. */
  readonly ended?: string;
}

const tell = (answer: object) => new Promise((resolve) => process.send?.(answer, resolve));

process.once("message", async (order: Order) => {
  const { target, faults, progress, ended } = order;
  const scratch = mkdtempSync(join(tmpdir(), "espalier-fuzz-"));
  const file = openSync(progress, "w");
  try {
    const draw = await targets[target].open(scratch);
    if (ended !== undefined) {
      const input = inputOf(target, draw, order.seed, order.from);
      throw saved(target, input, input.parts, new Error(ended), `seed ${order.seed}, round ${order.from}`, faults);
    }
    const number = new Float64Array(1);
    const summary = await runRounds(target, draw, order, faults, (round) => {
      number[0] = round;
      writeSync(file, number, 0, 8, 0);
    });
    await tell({ summary });
  } catch (error) {
    const { message, cause } = error instanceof Error ? error : new Error(String(error));
    await tell({ fault: message, stack: cause && inspect(cause) });
  } finally {
    closeSync(file);
    rmSync(scratch, { recursive: true, force: true });
    if (process.connected) process.disconnect();
  }
});
