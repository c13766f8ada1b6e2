import { z } from "zod";
import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf, selectLayers } from "../operators/layers.ts";
import { type ScanCost, scanCost } from "../pruning/scan-cost.ts";
import { type LayerSensitivity, scanLayers } from "../pruning/sensitivity.ts";
import type { Measure } from "../tasks/measure.ts";
import { weightDecay } from "../training/weight-decay.ts";
import { type Hooks, splitHooks, workOf } from "./hooks.ts";
import { checkOptions } from "./options/option.ts";
import { scanOptions } from "./options/pruning.ts";
import { taskOptions } from "./options/task.ts";
import { onTask } from "./prepare-task.ts";
import { imitationDefaults, retrainingDefaults, usualBatch } from "./training.ts";

const schema = z.object({ ...taskOptions, ...scanOptions });

/** What to scan, and how to retrain at each point. */
export interface ScanOptions extends z.input<typeof schema>, Hooks {
  /** Layers that a scan with the same options has done already. */
  readonly known?: readonly LayerSensitivity[];
  /** Measures layers by their names elsewhere, such as in other processes; default: here, one after the other. */
  readonly elsewhere?: (names: readonly string[]) => Promise<readonly LayerSensitivity[]>;
}

/** How sensitive each layer is, and the work that it took to find out. */
export interface ScanResult {
  /** By what each point was judged. */
  readonly measure: Measure;
  /** Each layer's curve: the measure against its density. */
  readonly layers: readonly LayerSensitivity[];
  /** What the scan took, in forward passes. */
  readonly cost: ScanCost;
}

/**
 * Measures each layer's sensitivity to pruning: the measure on the validation split against the density of that layer, the
 * others left whole (Han et al., NIPS 2015, figure 6).
 * @throws UserError when the data does not fit the network, it has no such layer, or an option is not valid
 */
export async function scan(
  engine: Engine,
  source: Model,
  samples: Dataset,
  options: ScanOptions = {},
): Promise<ScanResult> {
  const { known = [], elsewhere, ...rest } = options;
  const { hooks, given } = splitHooks(rest);
  const chosen = checkOptions(schema, given);
  const { output, densities, layers: patterns, retrain: epochs, seed, batchNorm } = chosen;
  const { task: wanted, measure } = chosen;
  const choice = { task: wanted, measure, output };
  return onTask(engine, source, samples, choice, hooks, async ({ adopted: { model }, task, data, imitation }) => {
    const all = layersOf(model);
    const layers = patterns
      ? all.filter((layer) => patterns.some((pattern) => selectLayers(all, pattern).includes(layer)))
      : all;
    if (layers.length === 0) {
      throw new UserError(`"${source.name}" has no layer with weights of its own: nothing can be scanned.`);
    }
    const names = layers.map(({ name }) => name).filter((name) => !known.some((layer) => layer.name === name));
    const measured = elsewhere && names.length > 0 ? await elsewhere(names) : [];
    const defaults = imitation ? imitationDefaults(imitation.batch) : retrainingDefaults(model);
    const { l2, batch, batchNorm: usual, ...training } = defaults;
    const { aborted, layers: found } = await scanLayers(engine, model, data, {
      layers,
      densities,
      known: [...known, ...measured],
      task,
      signal: hooks.signal,
      onWork: workOf(hooks),
      retrain:
        epochs === 0
          ? undefined
          : {
              ...training,
              epochs,
              batch: usualBatch(data.train.size, batch),
              seed,
              batchNorm: batchNorm ?? usual,
              regularization: weightDecay(model, { l2 }),
            },
      onLayer: (sensitivity) => hooks.onProgress?.({ kind: "layer", name: sensitivity.name, sensitivity }),
    });
    if (aborted) throw hooks.signal?.reason;
    const cost = await scanCost(engine, model, { layers, densities }, data.validation);
    return { measure: task.measure, layers: found, cost };
  });
}
