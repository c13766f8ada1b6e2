import { create } from "@bufbuild/protobuf";
import { UserError } from "../errors.ts";
import { byteLength, codeOf, dtypeOf, type NumericType, type TensorData, viewBytes, zeros } from "./dtype.ts";
import { type ExternalReader, externalBytes, isExternal } from "./external.ts";
import { type TensorProto, TensorProtoSchema } from "./onnx_pb.ts";
import type { Tensor } from "./tensor.ts";

/** Where a tensor is read from. */
export interface TensorSource {
  /** How messages name the file. */
  readonly source: string;
  /** Reads the files beside it; left out where there are none. */
  readonly external?: ExternalReader;
}

/**
 * Reads a tensor: from raw bytes, from the typed fields that older exporters write, or from a file beside the model.
 * Raw bytes are looked at where they lie when they are aligned there, so `data` may share memory with the file.
 */
export function tensorFromProto(proto: TensorProto, { source, external }: TensorSource): Tensor {
  const where = `The tensor "${proto.name}"`;
  const dtype = dtypeOf(proto.dataType, where);
  const dims = proto.dims.map(Number);
  // A product past 2^53 is no longer exact, but then it is far from any count of bytes that were read.
  const count = dims.reduce((product, dim) => product * dim, 1);
  const mismatch = (found: number, unit: string) =>
    new UserError(
      `${where} declares the shape [${dims}] but holds ${found} ${unit}: the file is damaged, export it again.`,
    );
  if (!dims.every((dim) => dim >= 0 && Number.isSafeInteger(dim))) throw mismatch(proto.rawData.length, "bytes");

  if (dtype === "string") {
    if (proto.stringData.length !== count) throw mismatch(proto.stringData.length, "strings");
    return { dtype, dims, data: proto.stringData };
  }
  const bytes = isExternal(proto) ? externalBytes(proto, source, external) : proto.rawData;
  if (bytes.length > 0 || count === 0) {
    if (bytes.length !== byteLength(dtype, count)) throw mismatch(bytes.length, "bytes");
    return { dtype, dims, data: viewBytes(dtype, bytes, count) };
  }
  const data = fromTypedFields(proto, dtype, count);
  if (data === undefined) throw mismatch(0, `elements of ${dtype}`);
  return { dtype, dims, data };
}

/** The typed field that holds each element type: onnx.proto, TensorProto. Undefined where the count is not met. */
function fromTypedFields(proto: TensorProto, dtype: NumericType, count: number): TensorData | undefined {
  const field =
    (
      {
        float32: proto.floatData,
        complex64: proto.floatData,
        float64: proto.doubleData,
        int64: proto.int64Data,
        uint32: proto.uint64Data,
        uint64: proto.uint64Data,
      } as Partial<Record<NumericType, readonly (number | bigint)[]>>
    )[dtype] ?? proto.int32Data;
  const stored = dtype === "complex64" ? 2 * count : Math.ceil(count * Math.min(1, byteLength(dtype, 8) / 8));
  if (field.length !== stored) return undefined;
  if (dtype === "complex64") return viewBytes(dtype, new Uint8Array(Float32Array.from(field, Number).buffer), count);
  const data = zeros(dtype, count);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < stored; i++) data[i] = BigInt(field[i]);
  } else {
    for (let i = 0; i < stored; i++) data[i] = Number(field[i]);
  }
  return data;
}

/** Writes a tensor under a name; the bytes are the tensor's own, not a copy. */
export function tensorToProto(tensor: Tensor, name: string): TensorProto {
  const proto = create(TensorProtoSchema, { name, dataType: codeOf(tensor.dtype), dims: tensor.dims.map(BigInt) });
  if (tensor.dtype === "string") proto.stringData = [...tensor.data];
  else proto.rawData = new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  return proto;
}
