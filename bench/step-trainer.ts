import type { Engine } from "../packages/espalier/src/engine/engine.ts";
import { sizeOf } from "../packages/espalier/src/onnx/tensor.ts";
import { random } from "../packages/espalier/src/random.ts";
import { targetOf } from "../packages/espalier/src/training/feeding.ts";
import { trainableParameters } from "../packages/espalier/src/training/parameters.ts";
import { Trainer } from "../packages/espalier/src/training/trainer.ts";
import { networkOf } from "./step-cases.ts";

/** Steps that one run of the runtime does at most: as many as in training. */
const MOST_PER_RUN = 16;

/** A network in training on batches of noise, as the benchmarks of training steps have it. */
export interface NoiseTraining {
  readonly trainer: Trainer;
  /** How many numbers are trained. */
  readonly parameters: number;
  /** Does so many steps. */
  run(steps: number): Promise<void>;
}

/**
 * SGD with momentum and L2, on noise.
 * @param steps that are asked for at a time
 */
export async function trainOnNoise(engine: Engine, name: string, batch: number, steps: number): Promise<NoiseTraining> {
  const model = networkOf(name);
  const names = trainableParameters(model);
  const trainer = await Trainer.create(engine, model, {
    batch,
    optimizer: { name: "sgd", momentum: 0.9 },
    regularization: new Map(names.map((parameter) => [parameter, { l2: 5e-4 }])),
    seed: 1,
    ...(steps < MOST_PER_RUN && { stepsPerRun: steps }),
  });
  const stream = random(1, "bench");
  for (let i = 0; i < trainer.capacity; i++) {
    const { [model.inputs[0].name]: inputs, [targetOf("label")]: labels } = trainer.batchOf(i);
    if (inputs instanceof Float32Array) stream.fill(inputs);
    // Every network has ten classes or more.
    for (let j = 0; j < labels.length; j++) labels[j] = stream.below(10);
  }
  const run = async (count: number) => {
    for (let done = 0; done < count; done += trainer.capacity) {
      await trainer.run(Array<number>(Math.min(trainer.capacity, count - done)).fill(0.001));
    }
  };
  const parameters = trainer.parameterNames.reduce(
    (sum, parameter) => sum + sizeOf(model.initializers.get(parameter)?.dims ?? []),
    0,
  );
  return { trainer, parameters, run };
}
