import { UserError } from "../errors.ts";
import { Constant } from "./constant.ts";
import { holds, sizeOf, zeros } from "./elements.ts";
import { A_TENSOR, type FedTensor, isTensor, typeOfInput } from "./feed.ts";
import type { Graph, GraphInput } from "./graph.ts";
import { checkNames } from "./known-names.ts";

/** Values for inputs: one number for each element, or a tensor. */
export type Fixed = Readonly<Record<string, number | bigint | boolean | FedTensor>>;

/**
 * Makes constants of inputs.
 * @throws UserError when there is no such input, or it cannot have such a value
 */
export function fixed(graph: Graph, values: Fixed = {}): Graph {
  const names = graph.inputs.map(({ name }) => name);
  checkNames(values, {
    names,
    unknown: (name) => `The network has no input "${name}" to fix`,
    advice: `give values by the names of inputs, of ${names.join(", ")}`,
  });
  const constants = new Map(graph.constants);
  for (const input of graph.inputs) {
    const { name } = input;
    if (!Object.hasOwn(values, name)) continue;
    const { [name]: value } = values;
    constants.set(name, constantFor(input, value));
  }
  return { ...graph, constants, inputs: graph.inputs.filter(({ name }) => !Object.hasOwn(values, name)) };
}

function constantFor(input: GraphInput, value: Fixed[string]): Constant {
  const type = typeOfInput(input);
  const { name, dims } = input;
  if (isTensor(value)) {
    const fits = value.data.length === sizeOf(value.dims) && holds(type, value.data);
    if (!fits) throw new UserError(`The input "${name}" cannot be fixed to this tensor: it takes ${type}.`);
    return new Constant(type, [...value.dims], value.data);
  }
  if (!["number", "bigint", "boolean"].includes(typeof value)) {
    throw new UserError(`The input "${name}" cannot be fixed to this value: give a number, a boolean or ${A_TENSOR}.`);
  }
  const known = dims?.flatMap((dim) => dim ?? []) ?? [];
  if (dims && known.length < dims.length) {
    throw new UserError(`The input "${name}" has a length that is open: fix it to a tensor of its shape.`);
  }
  const data = zeros(type, sizeOf(known));
  const floats = data instanceof Float32Array || data instanceof Float64Array;
  if (!floats && typeof value === "number" && !Number.isInteger(value)) throw unfit(input, value);
  for (let i = 0; i < data.length; i++) {
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(value);
    else data[i] = Number(value);
  }
  if (data.length > 0 && !floats && Number(data[0]) !== Number(value)) throw unfit(input, value);
  return new Constant(type, known, data);
}

function unfit({ name, type }: GraphInput, value: number | bigint | boolean): UserError {
  return new UserError(`The input "${name}" takes ${type}, which cannot be ${value}: fix it to another number.`);
}
