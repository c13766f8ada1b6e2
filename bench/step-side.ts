import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { StepCase } from "./step-cases.ts";

/** What a training step took, in the mean of some in a row. */
export interface Step {
  readonly milliseconds: number;
  /** Of the processor, all threads together. */
  readonly processor: number;
  /** The most that the process has had so far. */
  readonly peakBytes: number;
}

const PYTHON = process.env.PYTHON ?? "/usr/bin/python3";
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const ours = [process.execPath, "--import", "tsx", here("network-step.ts")];

/** Whose steps are measured. */
const SIDES = {
  ours: { command: ours, last: [] },
  web: { command: ours, last: ["web"] },
  peer: { command: [PYTHON, here("peers/pytorch_networks.py")], last: [] },
} as const;

/**
 * Has the C library keep memory that was freed, for either side. By default it goes back to the system at once where it is
 * large, and comes again page by page: on virtual machines whose pages are dear, PyTorch then takes up to ten times as long,
 * which says nothing of its arithmetic.
 */
const KEEPING = { MALLOC_MMAP_MAX_: "0", MALLOC_TRIM_THRESHOLD_: String(2 ** 34) };

/** A process that does training steps when it is asked to. */
export class StepSide {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  /** How many numbers it trains. */
  readonly parameters: Promise<number>;

  constructor(side: keyof typeof SIDES, { network, batch, steps }: StepCase, threads: number) {
    const { command, last } = SIDES[side];
    const [program, ...first] = command;
    const quiet = side === "web" ? "ignore" : "inherit";
    const env = { ...process.env, ...KEEPING, OPENBLAS_NUM_THREADS: String(threads) };
    const args = [...first, network, ...[threads, batch, steps].map(String), ...last];
    this.#child = spawn(program, args, { env, stdio: ["pipe", "pipe", quiet] });
    if (!this.#child.stdout) throw new Error("The process has no output.");
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    // A process that ended cannot be asked: its missing answer tells.
    this.#child.stdin?.on("error", () => {});
    this.parameters = this.#answer().then(([count]) => count);
  }

  async step(): Promise<Step> {
    this.#child.stdin?.write("\n");
    const [milliseconds, processor, peakBytes] = await this.#answer();
    return { milliseconds, processor, peakBytes };
  }

  end(): void {
    this.#child.kill();
  }

  async #answer(): Promise<number[]> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(" ")} ended early.`);
    return String(value).split(" ").map(Number);
  }
}
