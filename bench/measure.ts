/** Milliseconds of each of `count` runs, after some that are not counted. */
export async function timesOf(run: () => Promise<unknown>, count: number, warmUp = 20): Promise<number[]> {
  for (let i = 0; i < warmUp; i++) await run();
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times;
}
