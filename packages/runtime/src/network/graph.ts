import { UserError } from "../errors.ts";
import { type Field, fieldsOf, wholesOf } from "./protobuf.ts";
import { UnsupportedError } from "./unsupported.ts";

/** A constant of a graph: float32 numbers, or whole ones. */
export interface Constant {
  readonly dims: readonly number[];
  readonly data: Float32Array | readonly number[];
}

export type Attribute = number | string | readonly number[] | Constant;

export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** What the runtime needs to know of a network. */
export interface NetworkGraph {
  readonly nodes: readonly GraphNode[];
  readonly constants: Map<string, Constant>;
  /** Names of what is fed. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The shapes that the model states for its inputs; undefined for a length that it leaves open. */
  readonly shapes: ReadonlyMap<string, readonly (number | undefined)[]>;
}

const text = new TextDecoder();

/**
 * Reads the graph of an ONNX model.
 * @throws UserError when the bytes are no ONNX model
 * @throws UnsupportedError when they hold what the runtime does not take
 */
export function readGraph(model: Uint8Array): NetworkGraph {
  try {
    return read(model);
  } catch (error) {
    // Of a message that ends too early, or lengths that no memory has.
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(`The bytes are no ONNX model, or a damaged one: ${error.message} Give another file.`);
  }
}

/** Field numbers are those of onnx.proto3. */
function read(model: Uint8Array): NetworkGraph {
  // A Buffer's own slice() would not copy.
  const bytes = new Uint8Array(model.buffer, model.byteOffset, model.length);
  const graph = [...fieldsOf(bytes)].find(({ number }) => number === 7);
  if (!graph) throw new UserError("The bytes are no ONNX model: they hold no graph; give an .onnx or .esp file.");
  const nodes: GraphNode[] = [];
  const constants = new Map<string, Constant>();
  const inputs: string[] = [];
  const outputs: string[] = [];
  const shapes = new Map<string, (number | undefined)[]>();
  for (const { number, bytes } of fieldsOf(graph.bytes)) {
    if (number === 1) nodes.push(readNode(bytes));
    else if (number === 5) {
      const { name, constant } = readTensor(bytes);
      constants.set(name, constant);
    } else if (number === 11) {
      inputs.push(nameIn(bytes));
      shapes.set(nameIn(bytes), shapeIn(bytes));
    } else if (number === 12) outputs.push(nameIn(bytes));
  }
  return { nodes, constants, inputs: inputs.filter((name) => !constants.has(name)), outputs, shapes };
}

/** The lengths in ValueInfoProto.type.tensor_type.shape.dim; no field for them is a shape of none. */
function shapeIn(value: Uint8Array): (number | undefined)[] {
  const dims = [2, 1, 2, 1].reduce(
    (messages, wanted) =>
      messages.flatMap((message) => [...fieldsOf(message)].flatMap((f) => (f.number === wanted ? [f.bytes] : []))),
    [value],
  );
  return dims.map((dim) => [...fieldsOf(dim)].find(({ number }) => number === 1)?.value);
}

function nameIn(message: Uint8Array): string {
  for (const { number, bytes } of fieldsOf(message)) if (number === 1) return text.decode(bytes);
  return "";
}

function readNode(message: Uint8Array): GraphNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Record<string, Attribute> = Object.create(null);
  let name = "";
  let op = "";
  let domain = "";
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) inputs.push(text.decode(bytes));
    else if (number === 2) outputs.push(text.decode(bytes));
    else if (number === 3) name = text.decode(bytes);
    else if (number === 4) op = text.decode(bytes);
    else if (number === 7) domain = text.decode(bytes);
    else if (number === 5) {
      const [key, value] = readAttribute(bytes);
      if (value !== undefined) attributes[key] = value;
    }
  }
  return { name, op: domain === "" || domain === "ai.onnx" ? op : `${domain}:${op}`, inputs, outputs, attributes };
}

function readAttribute(message: Uint8Array): [string, Attribute | undefined] {
  const fields = [...fieldsOf(message)];
  const one = (wanted: number) => fields.find(({ number }) => number === wanted);
  const all = (wanted: number) => fields.filter(({ number }) => number === wanted);
  // AttributeProto.type, by which a zero that is left out is known too.
  const values: Readonly<Record<number, () => Attribute>> = {
    1: () => one(2)?.value ?? 0,
    2: () => one(3)?.value ?? 0,
    3: () => text.decode(one(4)?.bytes),
    4: () => readTensor(one(5)?.bytes ?? new Uint8Array(0)).constant,
    6: () => all(7).flatMap(floatsOf),
    7: () => all(8).flatMap(wholesOf),
  };
  return [nameIn(message), values[one(20)?.value ?? 0]?.()];
}

function floatsOf({ value, bytes }: Field): number[] {
  return bytes.length === 0 ? [value] : [...floats(bytes)];
}

/** TensorProto.DataType. */
const FLOAT32 = 1;
const INT32 = 6;
const INT64 = 7;

function readTensor(message: Uint8Array): { name: string; constant: Constant } {
  const dims: number[] = [];
  const wholes: number[] = [];
  const numbers: number[] = [];
  let name = "";
  let type = 0;
  let raw: Uint8Array | undefined;
  for (const field of fieldsOf(message)) {
    const { number, value, bytes } = field;
    if (number === 1) dims.push(...wholesOf(field));
    else if (number === 2) type = value;
    else if (number === 4) numbers.push(...floatsOf(field));
    else if (number === 5 || number === 7) wholes.push(...wholesOf(field));
    else if (number === 8) name = text.decode(bytes);
    else if (number === 9) raw = bytes;
  }
  const data = type === FLOAT32 ? (raw ? floats(raw) : Float32Array.from(numbers)) : raw ? integers(raw, type) : wholes;
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (data.length !== count) {
    throw new UserError(
      `The tensor "${name}" declares [${dims}] and holds ${data.length} elements: the model is damaged; export it again.`,
    );
  }
  return { name, constant: { dims, data } };
}

/** Numbers of fewer bytes are copied at once: they should not hold the whole file. */
const SMALL = 2 ** 16;

function floats(bytes: Uint8Array): Float32Array {
  const whole = bytes.length - (bytes.length % 4);
  if (whole >= SMALL && bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, whole / 4);
  return new Float32Array(bytes.slice(0, whole).buffer);
}

function integers(bytes: Uint8Array, type: number): number[] {
  const aligned = bytes.slice().buffer;
  if (type === INT64) return Array.from(new BigInt64Array(aligned), Number);
  if (type === INT32) return [...new Int32Array(aligned)];
  if (type === 9) return [...bytes];
  throw new UnsupportedError(
    `A tensor has the element type ${type}, and the runtime takes float32 and whole numbers: run the network with ONNX Runtime.`,
  );
}
