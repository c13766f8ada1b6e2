import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { random } from "../../packages/espalier/src/random.ts";
import { shrunk } from "./shrink.ts";
import type { Draw, Input } from "./target.ts";

/** The process may not take more memory. */
export const MOST_BYTES = 1e9;

/** What is done: the same inputs for the same seed, from one round on. */
export interface Rounds {
  readonly seed: number;
  /** The first round. */
  readonly from: number;
  /** How many rounds at most, */
  readonly inputs: number;
  /** and for how long. */
  readonly seconds: number;
  /** Seconds that an input may take the processors, all together. */
  readonly most: number;
}

/** What rounds came to. */
export interface Summary {
  readonly rounds: number;
  /** By what was done to the inputs: how many there were, and how many of them were read. */
  readonly kinds: Readonly<Record<string, { readonly inputs: number; readonly read: number }>>;
  readonly slowest: { readonly round: number; readonly seconds: number };
  /** The most memory that the process had, in bytes. */
  readonly memory: number;
}

/** The input of a round. */
export function inputOf(name: string, draw: Draw, seed: number, round: number): Input {
  return draw(random(seed, "fuzz", name, round));
}

/**
 * Reads hostile inputs, until there are enough or one does what none may.
 * @param faults the folder that gets the smallest input found that does
 * @param onRound is told the number of each round before it begins
 * @throws Error with the seed, the round and the path of the input
 */
export async function runRounds(
  name: string,
  draw: Draw,
  { seed, from, inputs, seconds, most }: Rounds,
  faults: string,
  onRound: (round: number) => void = () => {},
): Promise<Summary> {
  const kinds = new Map<string, { inputs: number; read: number }>();
  let slowest = { round: from, seconds: 0 };
  const end = performance.now() + 1000 * seconds;
  let round = from;
  for (; round < from + inputs && performance.now() < end; round++) {
    onRound(round);
    const input = inputOf(name, draw, seed, round);
    const count = kinds.get(input.kind) ?? { inputs: 0, read: 0 };
    kinds.set(input.kind, count);
    count.inputs++;
    const { outcome, took } = await timed(input, input.parts);
    if (took > slowest.seconds) slowest = { round, seconds: took };
    const fault = faultOf(outcome, took, most);
    if (fault) throw await reported(name, input, fault, most, `seed ${seed}, round ${round}`, faults);
    if (outcome === true) count.read++;
    const memory = peak();
    if (memory > MOST_BYTES) {
      const taken = `the process has taken ${Math.round(memory / 1e6)} MB`;
      throw saved(name, input, input.parts, new Error(taken), `seed ${seed}, round ${round}`, faults);
    }
  }
  return { rounds: round - from, kinds: Object.fromEntries(kinds), slowest, memory: peak() };
}

const peak = () => 1024 * process.resourceUsage().maxRSS;

async function timed(input: Input, parts: readonly Uint8Array[]) {
  const before = process.cpuUsage();
  const outcome = await (async () => input.read(parts))().catch((error: unknown) => asError(error));
  const { user, system } = process.cpuUsage(before);
  return { outcome, took: (user + system) / 1e6 };
}

const asError = (error: unknown) => (error instanceof Error ? error : new Error(`${error} was thrown`));

function faultOf(outcome: boolean | Error, took: number, most: number): Error | undefined {
  if (outcome instanceof Error) return outcome;
  return took > most ? new Error(`it takes ${took.toFixed(1)} s`) : undefined;
}

/** What two faults have in common that are the same: the error's name, and where it was thrown. */
function likenessOf({ name, message, stack = "" }: Error): string {
  const place = stack.split("\n").find((line) => /^\s+at /.test(line)) ?? "";
  return `${name} ${message.replace(/[^A-Za-z ]+/g, "").slice(0, 20)} ${place.trim()}`;
}

async function reported(
  name: string,
  input: Input,
  fault: Error,
  most: number,
  when: string,
  faults: string,
): Promise<Error> {
  const likeness = likenessOf(fault);
  const smallest = await shrunk(input.parts, async (parts) => {
    const { outcome, took } = await timed(input, parts);
    const other = faultOf(outcome, took, most);
    return other !== undefined && likenessOf(other) === likeness;
  });
  return saved(name, input, smallest, fault, when, faults);
}

/** Saves an input. */
export function saved(
  name: string,
  input: Input,
  parts: readonly Uint8Array[],
  fault: Error,
  when: string,
  faults: string,
): Error {
  mkdirSync(faults, { recursive: true });
  const base = join(faults, `${name}-${when.replaceAll(/[^0-9]+/g, "-").slice(1)}`);
  const files = input.file ? [input.file(parts)] : parts;
  const paths = files.map((_, i) => `${base}${files.length > 1 ? `.${i}` : ""}.bin`);
  for (const [i, file] of files.entries()) writeFileSync(paths[i], file);
  const text = `${name}, ${when} (${input.kind}): ${fault.message}; the smallest input is ${paths.join(", ")}`;
  return new Error(text, { cause: fault });
}
