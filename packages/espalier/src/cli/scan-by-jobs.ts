import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../errors.ts";
import type { Json } from "../json.ts";
import type { Progress } from "../library/progress.ts";
import type { LayerSensitivity } from "../pruning/sensitivity.ts";
import type { Callable } from "./command.ts";
import { isSilent } from "./print.ts";
import { sideBySide } from "./side-by-side.ts";

/** How a scan is divided. */
export interface ScanByJobs {
  /** Scans at once, on this machine. */
  readonly jobs?: number;
  readonly queue?: string;
  readonly store?: string;
  readonly threads: number;
  readonly seed: number;
  /** What the command takes. */
  readonly scan: Pick<Callable, "argument" | "options">;
  /** The path of the model. */
  readonly model: string;
  /** The options of the scan that were given, without its layers. */
  readonly options: Readonly<Record<string, Json>>;
  /** The folder of the scan. */
  readonly out: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Workers that a queue is taken to have, by which layers are divided. */
const AT_A_QUEUE = 8;

/** Scans layers in other processes, a few in each. */
export async function scanByJobs(names: readonly string[], how: ScanByJobs): Promise<readonly LayerSensitivity[]> {
  const { jobs, queue, store, threads, seed, scan, model, options, out, signal, onProgress } = how;
  const size = Math.ceil(names.length / (2 * (jobs ?? AT_A_QUEUE)));
  const groups = Array.from({ length: Math.ceil(names.length / size) }, (_, i) =>
    names.slice(i * size, (i + 1) * size),
  );
  const retrains = Number(options.retrain ?? 0) > 0;
  const calls = groups.map((layers) => {
    const random = retrains ? { seed } : {};
    return { command: "scan", argument: model, options: { ...options, layers }, threads, ...random } as const;
  });
  const found = new Map<string, LayerSensitivity>();
  await sideBySide(calls, {
    jobs,
    queue,
    store,
    threads,
    find: async () => scan,
    folder: join(out, "jobs"),
    signal,
    onTold(text) {
      if (isSilent()) onProgress({ kind: "note", text });
    },
    onRecord({ result }) {
      for (const sensitivity of layersIn(result)) {
        if (!names.includes(sensitivity.name) || found.has(sensitivity.name)) continue;
        found.set(sensitivity.name, sensitivity);
        onProgress({ kind: "layer", name: sensitivity.name, sensitivity });
      }
    },
  });
  return [...found.values()];
}

/** A point as {@link sensitivityFields} writes it. */
const point = z.object({
  density: z.number(),
  /** Null where it is no number. */
  loss: z.number().nullable(),
  value: z.number().optional(),
  error: z.number().optional(),
  retrained: z.number().optional(),
  retrainedError: z.number().optional(),
});

const schema = z.object({
  layers: z.array(z.object({ name: z.string(), weights: z.number(), points: z.array(point) })),
});

function layersIn(result: object): readonly LayerSensitivity[] {
  const read = schema.safeParse(result);
  if (!read.success) throw new UserError("Another version of Espalier scanned the layers: run the same everywhere.");
  return read.data.layers.map(({ name, weights, points }) => ({
    name,
    weights,
    points: points.map(({ density, loss, value, error, retrained, retrainedError }) => {
      const again = retrained ?? retrainedError;
      const own = { density, value: value ?? error ?? Number.NaN, loss: loss ?? Number.NaN };
      return again === undefined ? own : { ...own, retrained: again };
    }),
  }));
}
