import Table from "cli-table3";
import type { InspectedLayer } from "../library/inspect.ts";
import { partOf } from "../pruning/mask.ts";
import type { Measure } from "../tasks/measure.ts";
import { fidelityText, nameText, valueText } from "../tasks/words.ts";
import type { Agreement } from "../training/agreement.ts";
import { plain } from "./plain.ts";

/** 266610 -> "266,610". */
export const count = (value: number) => Math.round(value).toLocaleString("en-US");

/** 1.5412 -> "1.54%", of a percentage. */
export const percent = (value: number, digits = 2) => `${value.toFixed(digits)}%`;

/** 0.0801 -> "8.0%", of a fraction. */
export const share = (value: number) => percent(100 * value, 1);

/** 12.02 -> "12.0x". */
export const rate = (value: number) => `${value.toFixed(1)}x`;

/** Bytes in the unit that fits: "1,066 kB". */
export const bytes = (value: number) => (value < 10_000 ? `${count(value)} B` : `${count(value / 1000)} kB`);

/** Seconds in the unit that fits: "42 s", "3 min 05 s". */
export function duration(seconds: number): string {
  const total = Math.round(seconds);
  if (total < 100) return `${total} s`;
  return `${Math.floor(total / 60)} min ${String(total % 60).padStart(2, "0")} s`;
}

/** "97.0% agree, 0.06 points of loss expected", of a trial. */
export function trialText({ agreement, accepted }: { readonly agreement: Agreement; readonly accepted: boolean }) {
  const { agreement: same, expectedLoss, measure } = agreement;
  if (measure) return `fidelity ${fidelityText(same)} (${measure})${accepted ? "" : ", too low"}`;
  return `${percent(same, 1)} agree, ${expectedLoss.toFixed(2)} points of loss expected${accepted ? "" : ", too many"}`;
}

/** "test error        1.87% -> 1.73%". */
export function changeText(part: string, measure: Measure, ...values: readonly number[]): string {
  return `${`${part} ${nameText(measure)}`.padEnd(16)}  ${values.map((value) => valueText(measure, value)).join(" -> ")}`;
}

/** What the outputs on a split predict. */
export function agreementText(found: Agreement, split: "validation" | "test"): string {
  const { agreement, expectedLoss, measure } = found;
  if (measure)
    return `fidelity          ${fidelityText(agreement)} by ${measure}, on ${found.samples} ${split} samples`;
  return `same first class  ${percent(agreement)} of ${split} samples, which predicts a loss of ${expectedLoss.toFixed(2)} points`;
}

/** A table as text: its first columns to the left, the others to the right. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[], left = 1): string {
  const table = new Table({
    head: [...head],
    colAligns: head.map((_, i) => (i < left ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => [...row]));
  return table.toString();
}

/** A row of the table; what is not known of it is left out. */
type TableRow = Omit<InspectedLayer, "type" | "bytes"> & Partial<Pick<InspectedLayer, "type">>;

/** The paper's table of a network, as text. */
export function layerTableText(rows: readonly TableRow[]): string {
  const withActivations = rows.some(({ activations }) => activations !== undefined);
  const typed = rows.some(({ type }) => type !== undefined && type !== "float32");
  const head = [
    "layer",
    "op",
    ...(typed ? ["type"] : []),
    "weights",
    "MACs",
    ...(withActivations ? ["act. non-zero"] : []),
    "kept",
    "kept %",
    "MACs left",
  ];
  const sum = (of: (row: TableRow) => number) => rows.reduce((all, row) => all + of(row), 0);
  const counted = rows.every((row) => row.macs !== undefined);
  const macs = sum((row) => row.macs ?? 0);
  const layers = rows.map((row) => [
    row.name,
    row.op,
    ...(typed ? [row.type ?? ""] : []),
    count(row.weights),
    row.macs === undefined ? "" : count(row.macs),
    ...(withActivations ? [row.activations === undefined ? "" : share(row.activations)] : []),
    count(row.kept),
    share(row.density),
    share(row.macsLeft),
  ]);
  const total = [
    "total",
    "",
    ...(typed ? [""] : []),
    count(sum((row) => row.weights)),
    counted ? count(macs) : "",
    ...(withActivations ? [""] : []),
    count(sum((row) => row.kept)),
    share(
      partOf(
        sum((row) => row.kept),
        sum((row) => row.weights),
      ),
    ),
    counted
      ? share(
          partOf(
            sum((row) => (row.macs ?? 0) * row.macsLeft),
            macs,
          ),
        )
      : "",
  ];
  return textTable(head, [...layers, total], typed ? 3 : 2);
}

/** How the command that runs speaks. */
let manner = { quiet: false, toError: false };

/**
 * Says how a command is to speak.
 * @param how `quiet`: nothing but results and mistakes; `toError`: results for a person go to stderr, as stdout is a file's
 */
export function direct(how: { readonly quiet?: boolean; readonly toError?: boolean } = {}): void {
  manner = { quiet: false, toError: false, ...how };
  saidAt = performance.now();
}

/** Hears what a command says, in the place of stdout and stderr. */
export interface Listener {
  result(value: object): void;
  said(text: string): void;
}

let listener: Listener | undefined;

/** Does work whose results and lines go to a listener. */
export async function heardBy<Result>(own: Listener, work: () => Promise<Result>): Promise<Result> {
  const before = listener;
  listener = own;
  try {
    return await work();
  } finally {
    listener = before;
  }
}

/** Returns true if lines go to a terminal, where a bar can be drawn. */
export const isTerminal = () => !listener && process.stderr.isTTY && process.env.TERM !== "dumb";

/** Writes the one JSON object that a command with --json owes to stdout. */
export function printJson(value: object): void {
  if (listener) listener.result(value);
  else process.stdout.write(`${JSON.stringify(value)}\n`);
}

let saidAt = performance.now();

/** Notes that something else told how the work goes on. */
export function heard(): void {
  saidAt = performance.now();
}

/** Milliseconds since something was said. */
export const sinceSaid = () => performance.now() - saidAt;

/** Milliseconds of silence after which a line of one of several jobs is told. */
const SILENCE = 5000;

/** Returns true if it was silent so long that a line of one of several jobs is to be told. */
export const isSilent = () => sinceSaid() > SILENCE;

/** Writes a line of the result for a person to stdout. */
export function printLine(text: string): void {
  const stream = manner.toError ? process.stderr : process.stdout;
  stream.write(`${plain(text)}\n`);
}

/** Writes a line about the work in progress to stderr, unless it is to be quiet. */
export function note(text: string): void {
  if (!manner.quiet) complain(text);
}

/** Writes what went wrong to stderr. */
export function complain(text: string): void {
  heard();
  if (listener) listener.said(plain(text));
  else process.stderr.write(`${plain(text)}\n`);
}

/** Returns true if how the work goes on is not to be shown. */
export const isQuiet = () => manner.quiet;
