import { UserError } from "../errors.ts";
import type { CodedTensors } from "./coded.ts";
import { Constant } from "./constant.ts";
import { typeOf } from "./elements.ts";
import type { Attribute, Graph, GraphInput, GraphNode } from "./graph.ts";
import { type Field, fieldsOf, nameFrom, wholesOf } from "./protobuf.ts";
import { readTensor } from "./read-tensor.ts";

const text = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Reads the graph of an ONNX model.
 * @param coded the tensors whose bytes are coded beside it
 * @throws UserError when the bytes are not an ONNX model
 * @throws UnsupportedError when they hold what the runtime does not take
 */
export function readGraph(model: Uint8Array, coded?: CodedTensors): Graph {
  try {
    // A Buffer's own slice() would not copy.
    return readModel(new Uint8Array(model.buffer, model.byteOffset, model.length), coded);
  } catch (error) {
    // Of a message that ends too early, or lengths that no memory has.
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(`The bytes are not an ONNX model, or a damaged one: ${error.message} Give another file.`);
  }
}

/** What a graph is read with. */
interface Reading {
  /** The version of the operators of each domain; ONNX's own domain is "". */
  readonly sets: ReadonlyMap<string, number>;
  /** Tensors that the model leaves empty. */
  readonly coded: CodedTensors | undefined;
}

/** Field numbers are those of onnx.proto3, here and below. */
function readModel(bytes: Uint8Array, coded: CodedTensors | undefined): Graph {
  const fields = [...fieldsOf(bytes)];
  const graph = fields.find(({ number }) => number === 7);
  if (!graph) throw new UserError("The bytes are not an ONNX model: they hold no graph; give an .onnx or .esp file.");
  const sets = new Map<string, number>();
  for (const { number, bytes } of fields) {
    if (number !== 8) continue;
    let [domain, version] = ["", 0];
    for (const field of fieldsOf(bytes)) {
      if (field.number === 1) domain = domainOf(field.bytes);
      else if (field.number === 2) version = field.value;
    }
    sets.set(domain, version);
  }
  const read = graphOf(graph.bytes, { sets, coded });
  if ([...read.inputs.map(({ name }) => name), ...read.outputs].includes(UNNAMEABLE)) {
    const text = `The model has an input or output called "${UNNAMEABLE}", under which JavaScript keeps nothing: rename it.`;
    throw new UserError(text);
  }
  return read;
}

/** What is fed or given out under this name is lost without a word. */
const UNNAMEABLE = "__proto__";

function graphOf(message: Uint8Array, reading: Reading): Graph {
  const nodes: GraphNode[] = [];
  const constants = new Map<string, Constant>();
  const inputs: GraphInput[] = [];
  const outputs: string[] = [];
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) {
      const node = readNode(bytes, reading);
      const value = node.op === "Constant" ? constantOf(node) : undefined;
      if (value) constants.set(node.outputs[0], value);
      else nodes.push(node);
    } else if (number === 5) {
      const { name, constant } = readTensor(bytes, reading.coded);
      constants.set(name, constant);
    } else if (number === 11) inputs.push(inputIn(bytes));
    else if (number === 12) outputs.push(nameIn(bytes));
  }
  return { nodes, constants, inputs: inputs.filter(({ name }) => !constants.has(name)), outputs };
}

/** The tensor of a node Constant; undefined for what is not a tensor of numbers. */
function constantOf({ attributes }: GraphNode): Constant | undefined {
  const [[name, attribute] = ["", undefined], ...others] = attributes;
  if (!attribute || others.length > 0) return undefined;
  const { kind } = attribute;
  if (name === "value") return kind === "tensor" ? attribute.value : undefined;
  if (name === "value_float" && kind === "float") {
    return new Constant("float32", [], Float32Array.of(attribute.value));
  }
  if (name === "value_floats" && kind === "floats") {
    return new Constant("float32", [attribute.value.length], Float32Array.from(attribute.value));
  }
  if (name === "value_int" && kind === "int") return wholes([], [attribute.value]);
  if (name === "value_ints" && kind === "ints") return wholes([attribute.value.length], attribute.value);
  return undefined;
}

/** Undefined where a float64 does not hold a number exactly. */
function wholes(dims: readonly number[], values: readonly number[]): Constant | undefined {
  if (!values.every(Number.isSafeInteger)) return undefined;
  return new Constant("int64", dims, BigInt64Array.from(values, BigInt));
}

/** ValueInfoProto: its name, and in type.tensor_type the element type and the shape. */
function inputIn(message: Uint8Array): GraphInput {
  const [tensor] = [2, 1].reduce(inside, [message]);
  const name = nameIn(message);
  if (!tensor) return { name, type: undefined, dims: undefined };
  const fields = [...fieldsOf(tensor)];
  const shape = fields.find(({ number }) => number === 2);
  const dims = shape && inside([shape.bytes], 1).map((dim) => [...fieldsOf(dim)].find(({ number }) => number === 1));
  return {
    name,
    type: typeOf(fields.find(({ number }) => number === 1)?.value ?? 0),
    // Exporters also write 0 for a length that is open.
    dims: dims?.map((dim) => (dim && dim.value > 0 ? dim.value : undefined)),
  };
}

/** The messages in the fields of one number. */
function inside(messages: readonly Uint8Array[], wanted: number): Uint8Array[] {
  return messages.flatMap((message) =>
    Array.from(fieldsOf(message)).flatMap(({ number, bytes }) => (number === wanted ? [bytes] : [])),
  );
}

function nameIn(message: Uint8Array): string {
  for (const { number, bytes } of fieldsOf(message)) if (number === 1) return nameFrom(bytes);
  return "";
}

function domainOf(bytes: Uint8Array): string {
  const domain = nameFrom(bytes);
  return domain === "ai.onnx" ? "" : domain;
}

function readNode(message: Uint8Array, reading: Reading): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Attribute>();
  let name = "";
  let op = "";
  let domain = "";
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) inputs.push(nameFrom(bytes));
    else if (number === 2) outputs.push(nameFrom(bytes));
    else if (number === 3) name = nameFrom(bytes);
    else if (number === 4) op = nameFrom(bytes);
    else if (number === 7) domain = domainOf(bytes);
    else if (number === 5) attributes.set(nameIn(bytes), readAttribute([...fieldsOf(bytes)], reading));
  }
  // The first operator set is the one of models that state none.
  return { name, op: domain ? `${domain}.${op}` : op, set: reading.sets.get(domain) ?? 1, inputs, outputs, attributes };
}

/** By AttributeProto.type, by which a zero that is left out is known too. */
function readAttribute(fields: readonly Field[], reading: Reading): Attribute {
  const one = (wanted: number) => fields.find(({ number }) => number === wanted);
  const all = (wanted: number) => fields.filter(({ number }) => number === wanted);
  switch (one(20)?.value) {
    case 1:
      return { kind: "float", value: one(2)?.value ?? 0 };
    case 2:
      return { kind: "int", value: one(3)?.value ?? 0 };
    case 3:
      return { kind: "string", value: text.decode(one(4)?.bytes) };
    case 4:
      return { kind: "tensor", value: readTensor(one(5)?.bytes ?? new Uint8Array(0), reading.coded).constant };
    case 5:
      return { kind: "graph", value: graphOf(one(6)?.bytes ?? new Uint8Array(0), reading) };
    case 6:
      return { kind: "floats", value: all(7).flatMap(floatsOf) };
    case 7:
      return { kind: "ints", value: all(8).flatMap(wholesOf) };
    case 8:
      return { kind: "strings", value: all(9).map(({ bytes }) => text.decode(bytes)) };
    default:
      return { kind: "other" };
  }
}

function floatsOf({ bytes }: Field): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => view.getFloat32(4 * i, true));
}
