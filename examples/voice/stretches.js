import { FRAME, RATE } from "./detector.js";

/** Speech begins at this probability, and ends below the other: a voice that wavers is not cut in pieces. */
const BEGIN = 0.5;
const END = 0.35;
/** A shorter pause does not end it, a shorter sound is none, seconds. */
const PAUSE = 0.1;
const SHORTEST = 0.25;

const SECONDS = FRAME / RATE;

/**
 * When somebody speaks.
 * @param {ArrayLike<number>} probabilities of frames that follow each other
 * @returns {{ from: number, to: number }[]} in seconds
 */
export function stretchesOf(probabilities) {
  const found = [];
  let current;
  for (let i = 0; i < probabilities.length; i++) {
    const [from, to] = [i * SECONDS, (i + 1) * SECONDS];
    if (probabilities[i] >= BEGIN) {
      if (current === undefined) {
        current = { from, to };
        found.push(current);
      }
      current.to = to;
    } else if (current && probabilities[i] >= END) current.to = to;
    else if (current && to - current.to > PAUSE) current = undefined;
  }
  return found.filter(({ from, to }) => to - from >= SHORTEST);
}
