import type { Arrays, LearningData, Split, TensorSpec } from "./dataset.ts";

/**
 * Data whose samples are so many of others that follow each other, all in one stretch of a stream: each tensor is there
 * once for each. What fills no sample at the end of a stretch is left out.
 * @param inStep what a tensor is called in each step, from 0 on
 */
export function inStretches(
  data: LearningData,
  steps: number,
  inStep: (name: string, step: number) => string,
): LearningData {
  const each = (specs: readonly TensorSpec[]) =>
    Array.from({ length: steps }, (_, step) =>
      specs.map((spec) => ({ ...spec, name: inStep(spec.name, step) })),
    ).flat();
  const names = [...data.inputs, ...data.targets].map(({ name }) => name);
  const part = (split: Split): Split => {
    const { first, starts } = places(split, steps);
    return {
      size: first.length,
      stream: { ...split.stream, starts },
      async read(indices, into) {
        for (let step = 0; step < steps; step++) {
          const own = names.flatMap((name) => {
            const array = into[inStep(name, step)];
            return array ? [[name, array] as const] : [];
          });
          const samples = Array.from(indices, (index) => first[index] + step);
          await split.read(samples, Object.fromEntries(own) satisfies Arrays);
        }
      },
    };
  };
  const { validation, train } = data;
  return {
    ...data,
    inputs: each(data.inputs),
    targets: each(data.targets),
    train: part(train),
    validation: part(validation),
  };
}

/** The first sample of each stretch, and the first stretch of each recording. */
function places({ size, stream }: Split, steps: number) {
  const begins = Array.from<number>(stream?.starts ?? [0]);
  const first: number[] = [];
  const starts: number[] = [];
  for (const [i, begin] of begins.entries()) {
    const count = Math.floor(((begins[i + 1] ?? size) - begin) / steps);
    if (count > 0) starts.push(first.length);
    for (let j = 0; j < count; j++) first.push(begin + j * steps);
  }
  return { first, starts };
}
