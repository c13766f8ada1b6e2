import type { Dataset } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { type FloatTensor, float32, isFloat32 } from "../onnx/tensor.ts";
import { random } from "../random.ts";
import { criteria } from "./criteria/index.ts";
import { type EvidenceOptions, gatherEvidence } from "./evidence.ts";
import { layersOf } from "./layers.ts";
import type { Scores } from "./target.ts";

/**
 * Scores every layer's weights by a criterion; a connection that is cut scores 0, so it stays cut.
 * @throws UserError when there is no such criterion
 */
export async function scoresBy(
  name: string,
  engine: Engine,
  model: Model,
  data: Dataset,
  options: Omit<EvidenceOptions, "curvature">,
): Promise<Scores> {
  const criterion = criteria.get(name);
  if (!criterion) {
    throw new UserError(`There is no criterion "${name}": choose one of ${[...criteria.keys()].join(", ")}.`);
  }
  const layers = layersOf(model);
  const gathered =
    criterion.needs &&
    (await gatherEvidence(
      engine,
      model,
      data,
      layers.map(({ weight }) => weight),
      { ...options, curvature: criterion.needs === "curvature" },
    ));
  const scores = new Map<string, FloatTensor>();
  for (const { weight } of layers) {
    const tensor = model.initializers.get(weight);
    if (!isFloat32(tensor)) continue;
    const score = criterion.score(tensor, {
      random: random(options.seed, "criterion", name, weight),
      evidence: (kind) => gathered?.[kind].get(weight)?.data ?? new Float32Array(tensor.data.length),
    });
    scores.set(
      weight,
      float32(
        tensor.dims,
        score.map((s, i) => (tensor.data[i] === 0 ? 0 : s)),
      ),
    );
  }
  return scores;
}
