/**
 * What the recognizer reads (connectionist temporal classification): the likeliest class of each step, those that
 * follow themselves once, without blanks. Class 0 is the blank, then come the characters, then a space.
 * @param {{ dims: readonly number[], data: ArrayLike<number> }} probabilities [1, steps, classes]
 * @param {readonly string[]} characters
 * @returns {{ text: string, confidence: number }} the mean probability of what was read, 0 to 1
 */
export function textOf({ dims: [, steps, classes], data }, characters) {
  let [text, sum, count, last] = ["", 0, 0, 0];
  for (let step = 0; step < steps; step++) {
    let best = 0;
    const at = step * classes;
    for (let k = 1; k < classes; k++) if (data[at + k] > data[at + best]) best = k;
    if (best !== 0 && best !== last) {
      text += characters[best - 1] ?? " ";
      sum += data[at + best];
      count++;
    }
    last = best;
  }
  return { text: text.trim(), confidence: count === 0 ? 0 : sum / count };
}
