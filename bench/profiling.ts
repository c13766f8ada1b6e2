import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import type { Model } from "../packages/espalier/src/onnx/graph.ts";
import { readModel } from "../packages/espalier/src/onnx/read.ts";

/** One run of an operator. */
export interface KernelRun {
  readonly name: string;
  readonly op: string;
  readonly milliseconds: number;
  readonly inputs: readonly (readonly number[])[];
  readonly outputs: readonly (readonly number[])[];
}

/** What ONNX Runtime says of the last runs of a graph. */
export interface Profile {
  /** The graph as the runtime has made it. */
  readonly model: Model;
  /** In all of the runs; not those that only hold others. */
  readonly kernels: readonly KernelRun[];
  /** Milliseconds of all of the runs, inside of the runtime. */
  readonly inside: number;
  /** The same as the caller sees it, with the copies from and to JavaScript. */
  readonly outside: number;
}

/** A graph whose runs are recorded. */
export interface Recorded<Result> {
  readonly result: Result;
  /** Ends the recording: how the last runs went, so many of them. */
  end(runs: number): Profile;
}

/** Operators that run graphs within them, whose own operators are recorded. */
const HOLDERS = new Set(["Scan", "Loop", "If"]);

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Shaped[];
    readonly output_type_shape?: readonly Shaped[];
  };
}

type Shaped = Readonly<Record<string, readonly number[]>>;

/** Records the last session that is made meanwhile. */
export async function recorded<Result>(make: () => Promise<Result>): Promise<Recorded<Result>> {
  const folder = mkdtempSync(join(tmpdir(), "espalier-profile-"));
  const create = InferenceSession.create;
  let last: { readonly session: InferenceSession; readonly number: number; readonly times: number[] } | undefined;
  let count = 0;
  const record = async (bytes: Uint8Array, options: InferenceSession.SessionOptions) => {
    const number = count++;
    const session = await create.call(InferenceSession, bytes, {
      ...options,
      enableProfiling: true,
      profileFilePrefix: join(folder, `${number}`),
      optimizedModelFilePath: join(folder, `${number}.onnx`),
    });
    const times: number[] = [];
    const run = session.run.bind(session);
    const timed = async (...args: Parameters<typeof run>) => {
      const start = performance.now();
      try {
        return await run(...args);
      } finally {
        times.push(performance.now() - start);
      }
    };
    last = { session, number, times };
    return Object.assign(session, { run: timed });
  };
  Object.assign(InferenceSession, { create: record });
  try {
    const result = await make();
    const made = last;
    if (!made) throw new Error("No session was made.");
    const end = (runs: number): Profile => {
      made.session.endProfiling();
      try {
        const file = readdirSync(folder).find((name) => name.startsWith(`${made.number}_`)) ?? "";
        const events: Event[] = JSON.parse(readFileSync(join(folder, file), "utf8"));
        const model = readModel(new Uint8Array(readFileSync(join(folder, `${made.number}.onnx`))));
        const outside = made.times.slice(-runs).reduce((sum, time) => sum + time, 0);
        return { model, outside, ...lastRuns(events, runs) };
      } finally {
        rmSync(folder, { recursive: true });
      }
    };
    return { result, end };
  } finally {
    Object.assign(InferenceSession, { create });
  }
}

function lastRuns(events: readonly Event[], runs: number): Pick<Profile, "kernels" | "inside"> {
  const whole = events.filter(({ name }) => name === "model_run").slice(-runs);
  const [{ ts: from }] = whole;
  const kernels = events.flatMap(({ cat, name, ts, dur, args = {} }) => {
    const { op_name: op = "", input_type_shape: inputs = [], output_type_shape: outputs = [] } = args;
    if (cat !== "Node" || ts < from || !name.endsWith(KERNEL) || HOLDERS.has(op)) return [];
    const shapes = (values: readonly Shaped[]) => values.map((value) => Object.values(value)[0] ?? []);
    const own = { name: name.slice(0, -KERNEL.length), op, milliseconds: dur / 1000 };
    return [{ ...own, inputs: shapes(inputs), outputs: shapes(outputs) }];
  });
  return { kernels, inside: whole.reduce((sum, { dur }) => sum + dur / 1000, 0) };
}

/** What the runtime puts behind a node's name. */
const KERNEL = "_kernel_time";
