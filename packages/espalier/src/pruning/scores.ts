import type { LearningData } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { type FloatTensor, float32 } from "../onnx/tensor.ts";
import { layersOf } from "../operators/layers.ts";
import { random } from "../random.ts";
import { type Evidence, type EvidenceOptions, gatherEvidence } from "../training/evidence.ts";
import { type Parameters, parametersOf } from "../training/parameters.ts";
import type { Criterion } from "./criteria/criterion.ts";
import { criterionName, criterionOf } from "./criteria/index.ts";
import type { Scores } from "./target.ts";

/**
 * Scores every layer's weights by a criterion; a connection that is cut scores 0, so it stays cut.
 * @throws UserError when there is no such criterion, or what it gives are no scores
 */
export async function scoresBy(
  criterion: string | Criterion,
  engine: Engine,
  model: Model,
  data: LearningData,
  options: Omit<EvidenceOptions, "wanted">,
): Promise<Scores> {
  const { needs } = criterionOf(criterion);
  const weights = layersOf(model).map(({ weight }) => weight);
  const evidence = needs && (await gatherEvidence(engine, model, data, weights, { ...options, wanted: needs }));
  return scoresOf(criterion, parametersOf(model, weights), options.seed, evidence);
}

/**
 * Scores weights by a criterion that needs to know no more than them and the evidence that is given.
 * @throws UserError when what it gives are no scores
 */
export function scoresOf(given: string | Criterion, weights: Parameters, seed: number, evidence?: Evidence): Scores {
  const criterion = criterionOf(given);
  const name = criterionName(given);
  const scores = new Map<string, FloatTensor>();
  for (const [weight, tensor] of weights) {
    const score = criterion.score(tensor, {
      random: random(seed, "criterion", name, weight),
      evidence: (kind) => evidence?.[kind].get(weight)?.data ?? new Float32Array(tensor.data.length),
    });
    checkScores(score, tensor.data.length, `The criterion "${name}"`, weight);
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

/** @throws UserError for another number of scores than of weights, or one that is below 0 or no number */
function checkScores(scores: Float32Array, weights: number, criterion: string, weight: string): void {
  if (scores.length !== weights) {
    throw new UserError(
      `${criterion} gives ${scores.length} scores for the ${weights} weights of "${weight}": give one for each.`,
    );
  }
  const wrong = scores.findIndex((score) => !(score >= 0));
  if (wrong === -1) return;
  throw new UserError(
    `${criterion} gives ${scores[wrong]} for the weight ${wrong} of "${weight}": a score is a number from 0.`,
  );
}
