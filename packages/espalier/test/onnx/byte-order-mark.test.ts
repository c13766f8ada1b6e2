import { expect, it } from "vitest";
import { decode } from "../../../runtime/src/codec/whole.ts";
import { Network } from "../../../runtime/src/network/network.ts";
import { encodeFile } from "../../src/coding/encode.ts";
import { string } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { readModel } from "../../src/onnx/read.ts";
import { float32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";

/** What a text file may begin with is part of a name: decoders that drop it make two names one. */
const MARK = "\ufeff";

/** x + 1 + 2, where each name differs from another by the mark alone. */
function marked() {
  const model = emptyModel("marked");
  model.opsets.set("", 21);
  model.inputs.push({ name: `${MARK}x`, dtype: "float32", shape: [1] });
  const graph = new GraphBuilder(model);
  model.initializers.set("w", float32([1], Float32Array.of(1)));
  model.initializers.set(`${MARK}w`, float32([1], Float32Array.of(2)));
  model.outputs.push({ name: graph.emit("Add", [graph.emit("Add", [`${MARK}x`, "w"]), `${MARK}w`]), dtype: "float32" });
  return model;
}

it("is kept at the start of a model's names", () => {
  const read = readModel(writeModel(marked()));
  expect(read.inputs.map(({ name }) => name)).toEqual([`${MARK}x`]);
  expect([...read.initializers.keys()]).toEqual(["w", `${MARK}w`]);
});

it("is kept at the start of an attribute", () => {
  const model = marked();
  model.nodes[0] = {
    ...model.nodes[0],
    attributes: { note: string(`${MARK}a`), notes: { kind: "strings", value: [`${MARK}b`] } },
  };
  const [{ attributes }] = readModel(writeModel(model)).nodes;
  expect(attributes.note).toEqual(string(`${MARK}a`));
  expect(attributes.notes).toEqual({ kind: "strings", value: [`${MARK}b`] });
});

it("is kept by the codec and the runtime", async () => {
  const bytes = writeModel(marked());
  expect(decode(encodeFile(bytes))).toEqual(bytes);
  const network = await Network.load(bytes);
  const { [network.outputs[0]]: sum } = network.run({ [`${MARK}x`]: { dims: [1], data: Float32Array.of(4) } });
  expect([...sum.data]).toEqual([7]);
});
