import { type Dataset, type Engine, type Model, oneSample, UserError, writeModel } from "espalier";
import { Network, UnsupportedError } from "espalier-runtime";
import type { Timing } from "../told.ts";
import { MOST_RUN } from "./machine.ts";

/** Runs before the clock starts, and while it runs: at least so many, and no longer than so many ms. */
const [WARM, LEAST, LONGEST] = [3, 10, 700];

/**
 * Times one sample, one after the other: dense in ONNX Runtime, and from the sparse form in espalier-runtime.
 * @param threads of both
 */
export async function timed(engine: Engine, model: Model, data: Dataset, threads: number): Promise<Timing> {
  const notes: string[] = [];
  const one = await oneSample(engine, model, data);
  const file = writeModel(one.model);
  if (file.length > MOST_RUN) return { notes: ["Networks of more than 64 MB are not timed."] };
  const program = await engine.compile(one.model);
  let dense: number | undefined;
  try {
    dense = await median(() => program.run(one.feeds));
  } finally {
    await program.release();
  }
  let sparse: number | undefined;
  try {
    const network = await Network.load(file, { threads });
    const feeds = Object.fromEntries(Object.entries(one.feeds).map(([name, { dims, data }]) => [name, { dims, data }]));
    sparse = await median(() => network.run(feeds));
    network.release();
  } catch (error) {
    if (!(error instanceof UserError || error instanceof UnsupportedError)) throw error;
    notes.push(`espalier-runtime does not run it: ${error.message}`);
  }
  return { dense, sparse, notes };
}

async function median(run: () => unknown): Promise<number> {
  for (let i = 0; i < WARM; i++) await run();
  const times: number[] = [];
  const began = performance.now();
  while (times.length < LEAST || (performance.now() - began < LONGEST && times.length < 200)) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
    if (performance.now() - began > 10 * LONGEST) break;
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}
