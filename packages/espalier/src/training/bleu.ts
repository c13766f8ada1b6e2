/** The longest runs of words that are compared. */
const LONGEST = 4;

/**
 * BLEU of captions against what they might say: the geometric mean of the precisions of runs of one to four words, each
 * counted no more often than a reference has it, times exp(1 - r/c) where the captions of c words are shorter than the
 * references nearest to them in length, of r words in all (Papineni et al., ACL 2002).
 * @returns 0 to 100
 */
export function bleu(
  captions: readonly (readonly string[])[],
  references: readonly (readonly (readonly string[])[])[],
): number {
  const matched = new Array<number>(LONGEST).fill(0);
  const possible = new Array<number>(LONGEST).fill(0);
  let length = 0;
  let nearest = 0;
  for (const [i, caption] of captions.entries()) {
    length += caption.length;
    nearest += nearestLength(caption.length, references[i]);
    for (let n = 1; n <= LONGEST; n++) {
      const known = references[i].map((reference) => countRuns(reference, n));
      for (const [run, count] of countRuns(caption, n)) {
        possible[n - 1] += count;
        matched[n - 1] += Math.min(count, Math.max(0, ...known.map((runs) => runs.get(run) ?? 0)));
      }
    }
  }
  if (matched.includes(0)) return 0;
  const logs = matched.map((count, n) => Math.log(count / possible[n]));
  const brevity = Math.min(0, 1 - nearest / length);
  return 100 * Math.exp(brevity + logs.reduce((sum, log) => sum + log, 0) / LONGEST);
}

function nearestLength(length: number, references: readonly (readonly string[])[]): number {
  const lengths = references.map((reference) => reference.length);
  return lengths.reduce((best, other) => {
    const [d, e] = [Math.abs(other - length), Math.abs(best - length)];
    return d < e || (d === e && other < best) ? other : best;
  });
}

function countRuns(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const run = words.slice(i, i + n).join(" ");
    counts.set(run, (counts.get(run) ?? 0) + 1);
  }
  return counts;
}
