import type { Engine, Tensors } from "../engine/engine.ts";
import { type NumericType, type TensorData, zeros } from "../onnx/dtype.ts";
import { fedInputs } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { StepGraph } from "./step-graph.ts";

/** The type and shape of what one step is fed under a name. */
export interface FeedType {
  readonly dtype: NumericType;
  readonly dims: readonly number[];
}

/** What the next steps of a training are fed: one array for each input, the steps one behind the other. */
export class StepFeeds {
  /** Steps that there is room for. */
  readonly capacity: number;
  readonly #inputs: ReadonlyMap<string, FeedType & { readonly size: number; readonly data: TensorData }>;

  constructor(capacity: number, types: ReadonlyMap<string, FeedType>) {
    this.capacity = capacity;
    this.#inputs = new Map(
      Array.from(types, ([name, type]) => {
        const size = sizeOf(type.dims);
        return [name, { ...type, size, data: zeros(type.dtype, capacity * size) }];
      }),
    );
  }

  has(name: string): boolean {
    return this.#inputs.has(name);
  }

  /** Where the feed of one of the steps is to be written. */
  of(name: string, step: number): TensorData {
    const { size, data } = this.#find(name);
    return data.subarray(step * size, (step + 1) * size);
  }

  /** The same of what is fed as float32. */
  floats(name: string, step: number): Float32Array {
    const data = this.of(name, step);
    if (data instanceof Float32Array) return data;
    throw new Error(`The training step's input "${name}" takes no float32.`);
  }

  /** The feeds of the first `steps` steps, with a leading axis for them unless there is room for one only. */
  first(steps: number): Tensors {
    return Object.fromEntries(
      Array.from(this.#inputs, ([name, { dtype, dims, size, data }]) => {
        const shape = this.capacity === 1 ? dims : [steps, ...dims];
        return [name, { dtype, dims: shape, data: data.subarray(0, steps * size) }];
      }),
    );
  }

  #find(name: string) {
    const found = this.#inputs.get(name);
    if (!found) throw new Error(`The training step has no input "${name}".`);
    return found;
  }
}

/** Steps in one run, and how much memory their feeds, and the state that a repeated graph holds twice, may take. */
const STEPS_PER_RUN = 16;
const MOST_BYTES = 2 ** 26;

/**
 * Several steps in one run spare the copies of all parameters that the runtime makes at the end of each. A device
 * other than the CPU keeps its tensors from run to run and may lack the operator that repeats.
 */
export function stepsPerRun({ device }: Engine, step: StepGraph): number {
  const state = new Set(Object.values(step.carry));
  const held = fedInputs(step.model).filter(({ name }) => state.has(name));
  const bytes = (shapes: Iterable<{ dims: readonly number[] }>) =>
    [...shapes].reduce((sum, { dims }) => sum + Float32Array.BYTES_PER_ELEMENT * sizeOf(dims), 0);
  const ofState = bytes(held.map(({ shape = [] }) => ({ dims: shape.map(Number) })));
  if (device !== "cpu" || ofState > MOST_BYTES) return 1;
  return Math.max(1, Math.min(STEPS_PER_RUN, Math.floor(MOST_BYTES / bytes(feedTypes(step).values()))));
}

/** What a step is fed: every input that is neither carried nor resident. */
export function feedTypes({ model, carry, resident }: StepGraph): Map<string, FeedType> {
  const held = new Set([...Object.values(carry), ...resident]);
  const types = new Map<string, FeedType>();
  for (const { name, dtype, shape = [] } of fedInputs(model)) {
    if (held.has(name)) continue;
    if (dtype === undefined || dtype === "string") throw new Error(`The step's input "${name}" has the type ${dtype}.`);
    types.set(name, { dtype, dims: shape.map(Number) });
  }
  return types;
}
