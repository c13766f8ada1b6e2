import { create, type DescMessage, type MessageInitShape, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import type { Attribute } from "./attributes.ts";
import { codeOf } from "./dtype.ts";
import { LARGEST_MODEL } from "./external.ts";
import type { Graph, Model, ModelFunction, Node, Residue, Value } from "./graph.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  AttributeProto_AttributeType as Type,
  type TypeProto,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "./onnx_pb.ts";
import { bytesOfAll, int64Of } from "./tensor.ts";
import { tensorToProto } from "./tensor-proto.ts";

/**
 * Writes a model as an ONNX file, with everything that its reader kept.
 * @throws UserError when the file would pass protobuf's 2 GB
 */
export function writeModel(model: Model): Uint8Array<ArrayBuffer> {
  const bytes = bytesOfAll(model.initializers.values());
  if (bytes > LARGEST_MODEL) {
    throw new UserError(
      `The model "${model.name}" holds ${bytes} bytes of weights, and an ONNX file ends at 2 GB: split it.`,
    );
  }
  const proto = restore(
    ModelProtoSchema,
    model.modelResidue ?? create(ModelProtoSchema, { producerName: "espalier" }),
    {
      irVersion: BigInt(irVersionOf(model)),
      opsetImport: Array.from(model.opsets, ([domain, version]) =>
        create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }),
      ),
      metadataProps: Array.from(model.metadata, ([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
      graph: graphToProto(model),
      functions: (model.functions ?? []).map(functionToProto),
    },
  );
  return toBinary(ModelProtoSchema, proto) as Uint8Array<ArrayBuffer>;
}

/** Before version 4 every initializer had to be an input too. */
function irVersionOf({ irVersion, inputs, initializers }: Model): number {
  const listed = new Set(inputs.map(({ name }) => name));
  return irVersion < 4 && [...initializers.keys()].some((name) => !listed.has(name)) ? 4 : irVersion;
}

/** The message that a reader left as residue, or a new one, with the modelled fields set. */
function restore<Desc extends DescMessage>(
  schema: Desc,
  residue: Residue | undefined,
  fields: Partial<MessageShape<Desc>>,
) {
  return { ...((residue as MessageShape<Desc> | undefined) ?? create(schema)), ...fields };
}

function graphToProto(graph: Graph): GraphProto {
  return restore(GraphProtoSchema, graph.residue, {
    name: graph.name,
    node: graph.nodes.map(nodeToProto),
    initializer: Array.from(graph.initializers, ([name, tensor]) => tensorToProto(tensor, name)),
    input: graph.inputs.map(valueToProto),
    output: graph.outputs.map(valueToProto),
    valueInfo: Array.from(graph.values.values(), valueToProto),
  });
}

function functionToProto(body: ModelFunction): FunctionProto {
  return restore(FunctionProtoSchema, body.residue, { node: body.nodes.map(nodeToProto) });
}

function nodeToProto(node: Node): NodeProto {
  return restore(NodeProtoSchema, node.residue, {
    name: node.name,
    opType: node.op,
    domain: node.domain,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(attributeToProto),
  });
}

const text = new TextEncoder();

function attributeToProto([name, attribute]: [string, Attribute]): AttributeProto {
  const proto = (fields: MessageInitShape<typeof AttributeProtoSchema>) =>
    create(AttributeProtoSchema, { name, ...fields });
  switch (attribute.kind) {
    case "int":
      return proto({ type: Type.INT, i: int64Of(attribute.value) });
    case "float":
      return proto({ type: Type.FLOAT, f: attribute.value });
    case "string":
      return proto({ type: Type.STRING, s: text.encode(attribute.value) });
    case "ints":
      return proto({ type: Type.INTS, ints: attribute.value.map(int64Of) });
    case "floats":
      return proto({ type: Type.FLOATS, floats: [...attribute.value] });
    case "strings":
      return proto({ type: Type.STRINGS, strings: attribute.value.map((s) => text.encode(s)) });
    case "tensor":
      return proto({ type: Type.TENSOR, t: tensorToProto(attribute.value, "") });
    case "graph":
      return proto({ type: Type.GRAPH, g: graphToProto(attribute.value) });
    case "reference":
      return proto({ type: attribute.value.type, refAttrName: attribute.value.to });
    case "preserved":
      return attribute.value as AttributeProto;
  }
}

function valueToProto(value: Value): ValueInfoProto {
  return restore(ValueInfoProtoSchema, value.residue, {
    name: value.name,
    type: typeToProto(value),
  });
}

function typeToProto({ dtype, shape, residue }: Value): TypeProto | undefined {
  if (dtype === undefined) return (residue as ValueInfoProto | undefined)?.type;
  const dim = shape?.map((size) => {
    if (size === null) return {};
    if (typeof size === "string") return { value: { case: "dimParam" as const, value: size } };
    return { value: { case: "dimValue" as const, value: BigInt(size) } };
  });
  return create(TypeProtoSchema, {
    value: { case: "tensorType", value: { elemType: codeOf(dtype), shape: dim && { dim } } },
  });
}
