import { networks } from "../packages/espalier/src/models/index.ts";
import type { Model } from "../packages/espalier/src/onnx/graph.ts";

/** A training step that is measured. */
export interface StepCase {
  readonly network: string;
  readonly batch: number;
  /** Steps in a row that are timed together: more of short ones. */
  readonly steps: number;
}

/** The networks whose training steps are measured, each at the batch size that it is trained with. */
export const STEP_CASES: readonly StepCase[] = [
  { network: "lenet-300-100", batch: 64, steps: 160 },
  { network: "lenet-5", batch: 64, steps: 32 },
  { network: "alexnet", batch: 8, steps: 1 },
  { network: "vgg-16", batch: 8, steps: 1 },
  { network: "squeezenet", batch: 8, steps: 1 },
  { network: "resnet-50", batch: 8, steps: 1 },
  { network: "mobilenet-v2", batch: 8, steps: 1 },
  { network: "resnet-20", batch: 64, steps: 4 },
  { network: "resnet-20", batch: 128, steps: 2 },
  { network: "vit", batch: 64, steps: 2 },
];

/** The cases of some networks, of all where none is named; of another network that there is, one at batch 8. */
export function stepCases(names: readonly string[]): readonly StepCase[] {
  if (names.length === 0) return STEP_CASES;
  return names.flatMap((network) => {
    const own = STEP_CASES.filter((one) => one.network === network);
    return own.length > 0 ? own : [{ network, batch: 8, steps: 1 }];
  });
}

/** Builds a network by its name. */
export function networkOf(name: string): Model {
  const network = networks.get(name);
  if (!network) throw new Error(`There is no network "${name}".`);
  return network.build({ seed: 1 });
}
