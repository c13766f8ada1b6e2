import { UnsupportedError, UserError } from "../errors.ts";
import { copy, type ElementType, holds, type Numbers, sizeOf, zeros } from "./elements.ts";
import type { GraphInput } from "./graph.ts";
import { checkNames } from "./known-names.ts";

/** The arrays that hold the elements of a tensor; a bool is 0 or 1 in a byte. */
export type TensorData = Numbers;

/** A tensor that is fed. Whole numbers in a Float32Array are taken for those of an input of whole numbers too. */
export interface FedTensor {
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** How messages say what is fed. */
export const A_TENSOR = "a tensor { dims, data }, such as { dims: [1, 2], data: Float32Array.of(3, 4) }";

/** True if a value has the form of a tensor. */
export function isTensor(value: unknown): value is FedTensor {
  if (typeof value !== "object" || value === null || !("dims" in value && "data" in value)) return false;
  const { dims, data } = value;
  return Array.isArray(dims) && (Array.isArray(data) || (ArrayBuffer.isView(data) && !(data instanceof DataView)));
}

/** A tensor that comes out. */
export interface Tensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/**
 * Refuses feeds of no input, and arrays for no output.
 * @throws UserError when there is such a one, or they are not objects
 */
export function checkRun(feeds: unknown, into: unknown, inputs: readonly string[], outputs: readonly string[]): void {
  const taken = inputs.length > 0 ? `feed ${inputs.join(", ")} by name, each as ${A_TENSOR}` : "feed {}";
  checkNames(feeds, {
    names: inputs,
    unknown: (name) => `The network does not take "${name}", or it was fixed`,
    advice: taken,
  });
  checkNames(into, {
    names: outputs,
    unknown: (name) => `The network has no output "${name}" to write into an array`,
    advice: `give arrays by the names of outputs, of ${outputs.join(", ")}`,
  });
}

/** The element type of an input. @throws UnsupportedError when it is none that the runtime holds */
export function typeOfInput({ name, type }: GraphInput): ElementType {
  if (type) return type;
  throw new UnsupportedError(
    `The network's input "${name}" is not a tensor of numbers: run the network with ONNX Runtime.`,
  );
}

/**
 * A tensor that is fed, with its elements in the type of the input.
 * @throws UserError when it is missing, or of another type, rank or size than the input
 */
export function fedFor(
  input: GraphInput,
  fed: FedTensor | undefined,
  names: readonly string[],
): { readonly dims: readonly number[]; readonly data: Numbers } {
  if (!fed) throw new UserError(`The input "${input.name}" is missing: the network takes ${names.join(", ")}.`);
  return { dims: fed.dims, data: elementsFor(input, fed) };
}

function elementsFor(input: GraphInput, fed: FedTensor): Numbers {
  const { name, dims } = input;
  const type = typeOfInput(input);
  if (!isTensor(fed)) throw new UserError(`The input "${name}" is fed what is not a tensor: feed ${A_TENSOR}.`);
  const stated = dims ? `[${dims.map((dim) => dim ?? "any")}]` : "any shape";
  const fits = dims === undefined || dims.length === fed.dims.length;
  if (!fits || dims?.some((dim, axis) => dim !== undefined && dim !== fed.dims[axis])) {
    throw new UserError(`The input "${name}" is fed [${fed.dims}]: feed ${stated}, as the network states.`);
  }
  if (!fed.dims.every((dim) => Number.isInteger(dim) && dim >= 0) || sizeOf(fed.dims) !== fed.data.length) {
    throw new UserError(
      `The input "${name}" is [${fed.dims}] and holds ${fed.data.length} numbers: feed as many as its shape has.`,
    );
  }
  if (holds(type, fed.data)) return fed.data;
  const converted = fed.data instanceof Float32Array ? wholes(type, fed.data) : undefined;
  if (converted) return converted;
  const found = fed.data instanceof Float32Array ? "numbers that are not whole" : `a ${fed.data.constructor.name}`;
  throw new UserError(`The input "${name}" is fed ${found}: feed a ${zeros(type, 0).constructor.name} of ${type}.`);
}

/**
 * Copies the elements of an output into the array that is given for it.
 * @throws UserError when that does not hold them
 */
export function writeOutput(name: string, type: ElementType, found: Numbers, given: TensorData): TensorData {
  if (!(holds(type, given) && given.length === found.length)) {
    throw new UserError(`The output "${name}" is ${found.length} ${type}: give an array that holds them.`);
  }
  copy(found, given);
  return given;
}

/** Whole numbers in floats, in a type of whole numbers; undefined where it does not hold them. */
function wholes(type: ElementType, data: Float32Array): Numbers | undefined {
  const to = zeros(type, data.length);
  if (to instanceof Float32Array || to instanceof Float64Array || type === "float16") return undefined;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isSafeInteger(data[i])) return undefined;
    if (to instanceof BigInt64Array || to instanceof BigUint64Array) to[i] = BigInt(data[i]);
    else to[i] = data[i];
    if (Number(to[i]) !== data[i]) return undefined;
  }
  return to;
}
