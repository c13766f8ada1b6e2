import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { decode } from "../../../runtime/src/codec/whole.ts";
import { Network } from "../../../runtime/src/network/network.ts";
import { encodeFile } from "../../src/coding/encode.ts";
import { string } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { ModelProtoSchema } from "../../src/onnx/onnx_pb.ts";
import { readModel } from "../../src/onnx/read.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";

const bytesOf = (text: string) => [...new TextEncoder().encode(text)];

/** x + 1 + 2 with the constants w< and w>, and the attribute a<, as bytes in which < and > are others. */
function stored(first: number, second: number): Uint8Array {
  const model = emptyModel("stored");
  model.opsets.set("", 21);
  model.inputs.push({ name: "x", dtype: "float32", shape: [1] });
  const graph = new GraphBuilder(model);
  model.initializers.set("w<", float32([1], Float32Array.of(1)));
  model.initializers.set("w>", float32([1], Float32Array.of(2)));
  const sum = graph.emit("Add", [graph.emit("Add", ["x", "w<"]), "w>"]);
  model.outputs.push({ name: sum, dtype: "float32" });
  const bytes = writeModel(model);
  const [from, to] = [bytesOf("w<"), bytesOf("w>")];
  return bytes.map((byte, i) => {
    if (bytes[i - 1] !== from[0]) return byte;
    return byte === from[1] ? first : byte === to[1] ? second : byte;
  });
}

it("keeps names apart that are not UTF-8: who reads them refuses them", async () => {
  expect(readModel(stored(0x61, 0x62)).initializers.size).toBe(2);
  const bytes = stored(0xff, 0xfe);
  expect(() => readModel(bytes, "net.onnx")).toThrow(/^net\.onnx .*a name .* not UTF-8/);
  await expect(Network.load(bytes)).rejects.toThrow(/name in the model is not UTF-8.*ONNX Runtime/);
  expect(decode(encodeFile(bytes))).toEqual(bytes);
});

it("keeps attributes that are no text as they are", () => {
  const model = readModel(stored(0x61, 0x62));
  const attributes = { note: string("w<"), notes: { kind: "strings", value: ["a", "w<"] } } as const;
  model.nodes[0] = { ...model.nodes[0], attributes };
  const text = writeModel(model);
  const binary = text.map((byte, i) => (byte === 0x3c && text[i - 1] === 0x77 ? 0xff : byte));
  expect(readModel(text).nodes[0].attributes).toEqual(attributes);
  expect(writeModel(readModel(binary))).toEqual(binary);
});

it("keeps documentation as it is", () => {
  const proto = fromBinary(ModelProtoSchema, stored(0x61, 0x62));
  proto.docString = Uint8Array.of(0xd6, 0xd0);
  const again = fromBinary(ModelProtoSchema, writeModel(readModel(toBinary(ModelProtoSchema, proto))));
  expect(again.docString).toEqual(proto.docString);
});
