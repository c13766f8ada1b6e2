import { OptionsError } from "../options-error.ts";
import { classify, type TaskData, type TaskOptions } from "./classify.ts";
import { bitsPerCharacter, lossPerToken } from "./measures/token-loss.ts";
import type { Task } from "./task.ts";

/**
 * Tells which token follows each of a sequence: {@link classify} with a label for each step, judged by the probability
 * that is given to what follows, as that is what the network is for, and not only its first guess. The measure is bits per
 * character where the data says how many characters its tokens stand for, else the mean loss of a token.
 * @throws UserError for data whose targets are no sequences
 */
export function tokens(data: TaskData, options: TaskOptions = {}): Task {
  const [target] = data.targets;
  if (target && target.shape.length === 0) {
    throw new OptionsError(
      (o) => `The targets "${target.name}" are one label for a sample, and no sequence: give ${o("task")} classify.`,
    );
  }
  const measure = data.train.stream?.characters === undefined ? lossPerToken : bitsPerCharacter;
  return { ...classify(data, { ...options, measure: options.measure ?? measure }), name: "tokens" };
}
