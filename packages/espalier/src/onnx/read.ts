import { UserError } from "../errors.ts";
import type { Attribute, Attributes } from "./attributes.ts";
import { checkGraph } from "./check.ts";
import { dtypeOf } from "./dtype.ts";
import { checkExternalSize, type ExternalReader } from "./external.ts";
import type { Dim, Graph, Model, ModelFunction, Node, Value } from "./graph.ts";
import {
  type AttributeProto,
  type FunctionProto,
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  type OperatorSetIdProto,
  type TensorShapeProto_Dimension,
  AttributeProto_AttributeType as Type,
  type ValueInfoProto,
} from "./onnx_pb.ts";
import { readMessage, textOf } from "./protobuf.ts";
import type { Tensor } from "./tensor.ts";
import { type TensorSource, tensorFromProto } from "./tensor-proto.ts";

/**
 * Reads an ONNX file: IR version 3 and later, operator set 7 and later.
 *
 * The tensors may share memory with `bytes`. What is not modelled is kept for {@link writeModel} to give back.
 * @param source how messages name the file
 * @param external reads weights that lie in files beside it; left out, a model with such weights is refused
 * @throws UserError when the bytes are not an ONNX model, one that contradicts itself, or one of over 2 GB
 */
export function readModel(bytes: Uint8Array, source = "The model", external?: ExternalReader): Model {
  const proto = parse(bytes, source);
  if (!proto.graph) throw new UserError(`${source} holds no graph: it is not an ONNX model, or an empty one.`);
  checkExternalSize(proto.graph, bytes.length, source);
  const opsets = opsetsFromProto(proto.opsetImport, source);
  const opset = opsets.get("") ?? 0;
  if (proto.irVersion < 3n || (opsets.has("") && opset < 7)) {
    throw new UserError(
      `${source} has IR version ${proto.irVersion} and operator set ${opset}, and 3 and 7 are the oldest that can be read: export it again.`,
    );
  }
  const from = { source, external };
  const functions = proto.functions.map((body) => functionFromProto(body, from));
  const model: Model = {
    ...graphFromProto(proto.graph, from),
    irVersion: versionOf(proto.irVersion, source),
    opsets,
    functions,
    producer: [proto.producerName, proto.producerVersion].filter((part) => part !== "").join(" ") || undefined,
    metadata: new Map(proto.metadataProps.map(({ key, value }) => [key, value])),
    modelResidue: { ...proto, graph: undefined, functions: [] },
  };
  checkGraph(model, source);
  for (const body of functions) checkGraph(body, source);
  return model;
}

const opsetsFromProto = (imports: readonly OperatorSetIdProto[], source: string) =>
  new Map(imports.map(({ domain, version }) => [domain === "ai.onnx" ? "" : domain, versionOf(version, source)]));

function versionOf(version: bigint, source: string): number {
  const number = Number(version);
  if (version >= 0n && Number.isSafeInteger(number)) return number;
  throw new UserError(`${source} states the version ${version}, which nothing has: it is damaged, export it again.`);
}

function parse(bytes: Uint8Array, source: string) {
  try {
    return readMessage(ModelProtoSchema, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `${source} is not an ONNX file, or is cut short or damaged (${reason}): export or copy it again.`,
    );
  }
}

function graphFromProto(proto: GraphProto, from: TensorSource): Graph {
  if (proto.sparseInitializer.length > 0) {
    throw new UserError(
      `${from.source} stores "${proto.sparseInitializer[0].values?.name ?? ""}" as a sparse tensor, which is not read: save the model with dense weights.`,
    );
  }
  const initializers = new Map<string, Tensor>();
  for (const tensor of proto.initializer) initializers.set(tensor.name, tensorFromProto(tensor, from));
  return {
    name: proto.name,
    nodes: proto.node.map((node) => nodeFromProto(node, from)),
    inputs: proto.input.map(valueFromProto),
    outputs: proto.output.map(valueFromProto),
    initializers,
    values: new Map(proto.valueInfo.map((value) => [value.name, valueFromProto(value)])),
    // The parts that are modelled are rebuilt by the writer; dropping them here frees their memory.
    residue: { ...proto, node: [], initializer: [], input: [], output: [], valueInfo: [] },
  };
}

/** A function's body is a graph whose attributes may refer to those of the node that calls it. */
function functionFromProto(proto: FunctionProto, from: TensorSource): ModelFunction {
  const { name, domain, overload } = proto;
  return {
    name,
    domain,
    overload,
    parameters: proto.attribute,
    defaults: attributesFromProto(proto.attributeProto, from),
    opsets: opsetsFromProto(proto.opsetImport, from.source),
    nodes: proto.node.map((node) => nodeFromProto(node, from)),
    inputs: proto.input.map((input) => ({ name: input })),
    outputs: proto.output.map((output) => ({ name: output })),
    initializers: new Map(),
    values: new Map(),
    residue: { ...proto, node: [] },
  };
}

function nodeFromProto(proto: NodeProto, from: TensorSource): Node {
  return {
    name: proto.name,
    op: proto.opType,
    domain: proto.domain === "ai.onnx" ? "" : proto.domain,
    ...(proto.overload && { overload: proto.overload }),
    inputs: proto.input,
    outputs: proto.output,
    attributes: attributesFromProto(proto.attribute, from),
    residue: { ...proto, attribute: [] },
  };
}

function attributesFromProto(protos: readonly AttributeProto[], from: TensorSource): Attributes {
  const attributes: Record<string, Attribute> = Object.create(null);
  for (const proto of protos) attributes[proto.name] = attributeFromProto(proto, from);
  return attributes;
}

function attributeFromProto(proto: AttributeProto, from: TensorSource): Attribute {
  if (proto.refAttrName) return { kind: "reference", value: { to: proto.refAttrName, type: proto.type } };
  switch (proto.type) {
    case Type.INT:
      if (!exact(proto.i)) break;
      return { kind: "int", value: Number(proto.i) };
    case Type.FLOAT:
      return { kind: "float", value: proto.f };
    case Type.STRING: {
      // Some operators have bytes there that are no text.
      const value = textOf(proto.s);
      if (value === undefined) break;
      return { kind: "string", value };
    }
    case Type.INTS:
      if (!proto.ints.every(exact)) break;
      return { kind: "ints", value: proto.ints.map(Number) };
    case Type.FLOATS:
      return { kind: "floats", value: proto.floats };
    case Type.STRINGS: {
      const value = proto.strings.map(textOf);
      if (!value.every((each) => each !== undefined)) break;
      return { kind: "strings", value };
    }
    case Type.TENSOR:
      if (proto.t) return { kind: "tensor", value: tensorFromProto(proto.t, from) };
      break;
    case Type.GRAPH:
      if (proto.g) return { kind: "graph", value: graphFromProto(proto.g, from) };
      break;
  }
  return { kind: "preserved", value: proto };
}

const LARGEST = 2n ** 63n - 1n;

/** Whether a number keeps an integer; the largest stands for "to the end", and the writer knows it again. */
function exact(value: bigint): boolean {
  return BigInt.asIntN(54, value) === value || value === LARGEST || value === -LARGEST - 1n;
}

function valueFromProto(proto: ValueInfoProto): Value {
  const residue = { ...proto };
  if (proto.type?.value.case !== "tensorType") return { name: proto.name, residue };
  const { elemType, shape } = proto.type.value.value;
  return {
    name: proto.name,
    dtype: elemType === 0 ? undefined : dtypeOf(elemType, `The value "${proto.name}"`),
    shape: shape?.dim.map((dim) => dimFromProto(dim, proto.name)),
    residue,
  };
}

function dimFromProto({ value }: TensorShapeProto_Dimension, name: string): Dim {
  if (value.case === "dimValue" && value.value > Number.MAX_SAFE_INTEGER) {
    throw new UserError(`The value "${name}" declares the size ${value.value}, which nothing has: export it again.`);
  }
  if (value.case === "dimValue" && value.value >= 0n) return Number(value.value);
  return value.case === "dimParam" && value.value !== "" ? value.value : null;
}
