import type { LearningData } from "../../data/dataset.ts";
import type { Engine } from "../../engine/engine.ts";
import type { Model } from "../../onnx/graph.ts";
import { layersOf } from "../../operators/layers.ts";
import { prepared } from "../../reconstruction/prepared.ts";
import { type Outputs, Rest } from "../../reconstruction/rest.ts";
import { Walk } from "../../reconstruction/walk.ts";
import type { Task } from "../../tasks/task.ts";
import { parametersOf } from "../../training/parameters.ts";
import type { OnWork } from "../../work.ts";
import { fitLayer, liveIn } from "./stage.ts";

/** What becomes of a network when one layer alone is cut and fitted. */
export interface FitCurve {
  readonly name: string;
  readonly weights: number;
  /** From the layer as it came on; nothing else of a layer that cannot be fitted. */
  readonly points: readonly {
    readonly density: number;
    /** The square of the layer's error, as a part of its outputs' square. */
    readonly error: number;
    /** Divergence of the network's outputs from the whole network's; where it was measured. */
    readonly divergence?: number;
  }[];
}

export interface CurvesOptions {
  readonly signal?: AbortSignal;
  readonly onLayer?: (curve: FitCurve) => void;
  readonly onWork?: OnWork;
}

/**
 * Cuts each layer alone to parts of its connections, fits it, and measures how far the network's outputs go from the
 * whole network's.
 * @param task by whose loss outputs are compared; default: as class scores
 * @param probed the parts at which outputs are measured; at others only the layer's own error is
 */
export async function fitCurves(
  engine: Engine,
  model: Model,
  data: LearningData,
  parts: readonly number[],
  probed: readonly number[],
  { signal, onLayer, onWork }: CurvesOptions = {},
  task?: Pick<Task, "lossTally">,
): Promise<FitCurve[]> {
  const annotated = await prepared(engine, model, data);
  const layers = layersOf(annotated);
  const walk = await Walk.begin(engine, annotated, data);
  let reference: readonly Outputs[] | undefined;
  const curves: FitCurve[] = [];
  for (const [i, layer] of layers.entries()) {
    signal?.throwIfAborted();
    await walk.advance(
      new Map(),
      layers.slice(i).map(({ weight }) => weight),
    );
    const live = liveIn(layer);
    const whole = layer.tensor.data.length;
    const points: FitCurve["points"][number][] = [{ density: live / whole, error: 0 }];
    const rest = await Rest.compile(engine, walk, layer, task);
    try {
      reference ??= await rest.outputs(parametersOf(annotated, rest.parameters));
      const batches = walk.values.map((values) => ({ whole: values, pruned: values }));
      const numbers = parts.map((part) => Math.round(part * live));
      let at = 0;
      for await (const { kept, parameters, error } of fitLayer(engine, annotated, layer, batches, numbers)) {
        const divergence = probed.includes(parts[at++]) ? await rest.divergence(parameters, reference) : undefined;
        points.push({ density: kept / whole, error, divergence });
        onWork?.("Cutting each layer alone", i * parts.length + at, layers.length * parts.length);
      }
    } finally {
      await rest.release();
    }
    const curve = { name: layer.name, weights: whole, points };
    curves.push(curve);
    onLayer?.(curve);
  }
  return curves;
}
