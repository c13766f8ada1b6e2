import { create } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import {
  type LayerParameter,
  LayerParameterSchema,
  ParamSpecSchema,
  type V1LayerParameter,
  V1LayerParameterSchema,
  V1LayerParameter_LayerType as V1Type,
} from "./caffe_pb.ts";

/** The names that the newer form has for the types whose older name does not spell it. */
const RENAMED = new Map([
  ["BNLL", "BNLL"],
  ["LRN", "LRN"],
  ["MVN", "MVN"],
  ["ABSVAL", "AbsVal"],
  ["ARGMAX", "ArgMax"],
  ["RELU", "ReLU"],
  ["TANH", "TanH"],
  ["HDF5_DATA", "HDF5Data"],
  ["HDF5_OUTPUT", "HDF5Output"],
  ["SOFTMAX_LOSS", "SoftmaxWithLoss"],
]);

/** INNER_PRODUCT -> InnerProduct. */
function typeName(type: V1Type): string {
  const old = V1Type[type];
  const words = old.split("_").map((word) => word[0] + word.slice(1).toLowerCase());
  return RENAMED.get(old) ?? words.join("");
}

/** A layer of the older form in the newer; the parameters of all types have kept their fields. */
export function upgradeLayer(old: V1LayerParameter): LayerParameter {
  const layer = create(LayerParameterSchema, {
    type: typeName(old.type),
    param: old.param.map((name) => create(ParamSpecSchema, { name })),
  });
  const from = reflect(V1LayerParameterSchema, old);
  const to = reflect(LayerParameterSchema, layer);
  for (const field of from.fields) {
    const same = to.fields.find(({ name }) => name === field.name);
    if (!same || field.name === "type" || field.name === "param" || !from.isSet(field)) continue;
    if (same.fieldKind === "list" && field.fieldKind === "list") {
      for (const item of from.get(field)) to.get(same).add(item);
    } else {
      to.set(same, from.get(field));
    }
  }
  return layer;
}
