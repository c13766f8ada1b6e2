import { fromBinary } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import type { Attribute } from "./attributes.ts";
import { checkGraph } from "./check.ts";
import { dtypeOf } from "./dtype.ts";
import type { Dim, Graph, Model, Node, Value } from "./graph.ts";
import {
  type AttributeProto,
  type GraphProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorShapeProto_Dimension,
  AttributeProto_AttributeType as Type,
  type ValueInfoProto,
} from "./onnx_pb.ts";
import type { Tensor } from "./tensor.ts";
import { tensorFromProto } from "./tensor-proto.ts";

/**
 * Reads an ONNX file: IR version 3 and later, operator set 7 and later.
 *
 * The tensors may share memory with `bytes`. What is not modelled is kept for {@link writeModel} to give back.
 * @param source how messages name the file
 * @throws UserError when the bytes are no ONNX model, or one that contradicts itself
 */
export function readModel(bytes: Uint8Array, source = "The model"): Model {
  const proto = parse(bytes, source);
  if (!proto.graph) throw new UserError(`${source} holds no graph: it is not an ONNX model, or an empty one.`);
  const opsets = new Map(
    proto.opsetImport.map(({ domain, version }) => [domain === "ai.onnx" ? "" : domain, Number(version)]),
  );
  const opset = opsets.get("") ?? 0;
  if (proto.irVersion < 3n || (opsets.has("") && opset < 7)) {
    throw new UserError(
      `${source} has IR version ${proto.irVersion} and operator set ${opset}, and 3 and 7 are the oldest that can be read: export it again.`,
    );
  }
  const model: Model = {
    ...graphFromProto(proto.graph),
    irVersion: Number(proto.irVersion),
    opsets,
    metadata: new Map(proto.metadataProps.map(({ key, value }) => [key, value])),
    modelResidue: { ...proto, graph: undefined },
  };
  checkGraph(model, source);
  return model;
}

function parse(bytes: Uint8Array, source: string) {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      `${source} is not an ONNX file, or is cut short or damaged (${reason}): export or copy it again.`,
    );
  }
}

function graphFromProto(proto: GraphProto): Graph {
  const initializers = new Map<string, Tensor>();
  for (const tensor of proto.initializer) initializers.set(tensor.name, tensorFromProto(tensor));
  return {
    name: proto.name,
    nodes: proto.node.map(nodeFromProto),
    inputs: proto.input.map(valueFromProto),
    outputs: proto.output.map(valueFromProto),
    initializers,
    values: new Map(proto.valueInfo.map((value) => [value.name, valueFromProto(value)])),
    // The parts that are modelled are rebuilt by the writer; dropping them here frees their memory.
    residue: { ...proto, node: [], initializer: [], input: [], output: [], valueInfo: [] },
  };
}

function nodeFromProto(proto: NodeProto): Node {
  const attributes: Record<string, Attribute> = Object.create(null);
  for (const attribute of proto.attribute) attributes[attribute.name] = attributeFromProto(attribute);
  return {
    name: proto.name,
    op: proto.opType,
    domain: proto.domain === "ai.onnx" ? "" : proto.domain,
    inputs: proto.input,
    outputs: proto.output,
    attributes,
    residue: { ...proto, attribute: [] },
  };
}

const text = new TextDecoder();

function attributeFromProto(proto: AttributeProto): Attribute {
  switch (proto.refAttrName ? Type.UNDEFINED : proto.type) {
    case Type.INT:
      if (!exact(proto.i)) break;
      return { kind: "int", value: Number(proto.i) };
    case Type.FLOAT:
      return { kind: "float", value: proto.f };
    case Type.STRING:
      return { kind: "string", value: text.decode(proto.s) };
    case Type.INTS:
      if (!proto.ints.every(exact)) break;
      return { kind: "ints", value: proto.ints.map(Number) };
    case Type.FLOATS:
      return { kind: "floats", value: proto.floats };
    case Type.STRINGS:
      return { kind: "strings", value: proto.strings.map((s) => text.decode(s)) };
    case Type.TENSOR:
      if (proto.t) return { kind: "tensor", value: tensorFromProto(proto.t) };
      break;
    case Type.GRAPH:
      if (proto.g) return { kind: "graph", value: graphFromProto(proto.g) };
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
    shape: shape?.dim.map(dimFromProto),
    residue,
  };
}

function dimFromProto({ value }: TensorShapeProto_Dimension): Dim {
  if (value.case === "dimValue" && value.value >= 0n) return Number(value.value);
  return value.case === "dimParam" && value.value !== "" ? value.value : null;
}
