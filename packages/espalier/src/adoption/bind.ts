import type { LearningData, TensorSpec } from "../data/dataset.ts";
import { convertible, type Route, rounds } from "../data/routes.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model, type Value } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedValue } from "../onnx/typed.ts";
import { carriedStates } from "./states.ts";

/** What an input takes of each sample. */
interface Binding<Input extends Value> {
  readonly input: Input;
  readonly tensor: TensorSpec;
}

/**
 * Which tensor of the samples each input of a network takes: those that have its name, where all inputs find one, else
 * as many as there are, in their order.
 * @param inputs of the network, fewer, as many or more than the data has
 * @throws UserError where they do not fit
 */
function bindings<Input extends Value>(
  inputs: readonly Input[],
  data: Pick<LearningData, "name" | "inputs">,
): Binding<Input>[] {
  const named = inputs.map(({ name }) => data.inputs.find((tensor) => tensor.name === name));
  const tensors = named.some((tensor) => !tensor) && inputs.length === data.inputs.length ? data.inputs : named;
  return inputs.map((input, i) => {
    const tensor = tensors[i];
    if (tensor?.stored && tensor.stored === input.dtype) return { input, tensor: { ...tensor, dtype: tensor.stored } };
    if (tensor) return { input, tensor };
    throw new UserError(
      `The network has the inputs ${listed(inputs)}, and the samples of ${data.name} have ${listed(data.inputs)}: use data with the same names, or as many in the same order, or turn an input that never changes into a constant by --fix NAME=VALUE.`,
    );
  });
}

const listed = (values: readonly Pick<Value, "name">[]) => values.map(({ name }) => `"${name}"`).join(", ") || "none";

/**
 * Where the tensors of the samples go so that a network reads them.
 * @param inputs of the network, [batch, ...]
 * @throws UserError where they do not fit, in number, shape or element type
 */
export function inputRoutes(inputs: readonly TypedValue[], data: Pick<LearningData, "name" | "inputs">): Route[] {
  return bindings(inputs, data).map(({ input, tensor }) => {
    const { name, dtype, shape } = input;
    const sample = shape.slice(1);
    if (sizeOf(sample) !== sizeOf(tensor.shape)) {
      throw new UserError(
        `The samples of ${data.name} are [${tensor.shape}], and the input "${name}" takes [${sample}]: use data of that shape.`,
      );
    }
    if (dtype === "string" || !convertible(tensor.dtype, dtype)) {
      throw new UserError(
        `"${tensor.name}" of ${data.name} is ${tensor.dtype}, and the input "${name}" takes ${dtype}: use data of that type.`,
      );
    }
    return { from: tensor, to: { name, dtype } };
  });
}

/**
 * The model with the sizes that its inputs leave open, but for the batch, set to those of the samples; those of states
 * that are carried stay as they are.
 * @throws UserError where the data has no samples for its inputs
 */
export function sizedFor(model: Model, data: Pick<LearningData, "name" | "inputs">): Model {
  const states = new Set(carriedStates(model, data).map(({ input }) => input));
  const read = fedInputs(model).filter(({ name }) => !states.has(name));
  const sized = new Map(bindings(read, data).map(({ input, tensor }) => [input.name, withSizes(input, tensor.shape)]));
  return { ...model, inputs: model.inputs.map((input) => sized.get(input.name) ?? input) };
}

/** An input with the sizes that it leaves open, but for the batch, set to those of a sample of the same rank. */
export function withSizes(input: Value, sample: readonly number[]): Value {
  const [batch = null, ...sizes] = input.shape ?? [null, ...sample];
  if (sizes.length !== sample.length) return input;
  return { ...input, shape: [batch, ...sizes.map((size, i) => (typeof size === "number" ? size : sample[i]))] };
}

/** What is said of samples whose element types differ from those that a network takes, in sentences. */
export function conversionNotes(model: Model, data: Pick<LearningData, "name" | "inputs">): string[] {
  return bindings(fedInputs(model), data).flatMap(({ input: { name, dtype }, tensor }) =>
    dtype === undefined || dtype === tensor.dtype
      ? []
      : [
          `"${tensor.name}" is ${tensor.dtype} and fed to "${name}" as ${dtype}, ${dtype !== "string" && rounds(tensor.dtype, dtype) ? "to which it is rounded" : "where nothing of it is lost"}.`,
        ],
  );
}
