import { existsSync, readdirSync, readFileSync } from "node:fs";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from "../../espalier/src/onnx/onnx_pb.ts";
import { tensorFromProto } from "../../espalier/src/onnx/tensor-proto.ts";
import { UnsupportedError } from "../src/errors.ts";
import type { FedTensor } from "../src/network/feed.ts";
import { Network } from "../src/network/network.ts";

/** Where Debian's libonnx-testdata puts ONNX's own conformance cases. */
const ROOT = "/usr/share/libonnx-testdata/data";
const FOLDERS = ["node", "simple", "pytorch-converted", "pytorch-operator"];
/** The element types of which a case may be: float32, uint8, int32, int64 and bool. */
const TYPES = new Set([1, 2, 6, 7, 9]);

/** A model, what is fed to it, and what must come out. */
export interface Case {
  readonly name: string;
  readonly model: Uint8Array;
  readonly feeds: Readonly<Record<string, FedTensor>>;
  readonly right: Readonly<Record<string, FedTensor>>;
}

export type Outcome = "right" | "refused" | "wrong" | "crash";

/** True where the cases are installed. */
export const hasCases = existsSync(ROOT);

/**
 * ONNX's cases: as they are, and those of several inputs also with all inputs but the first as initializers, and with
 * these once more through an Identity.
 */
export function* casesOf(filter = ""): Generator<Case> {
  for (const folder of FOLDERS) {
    for (const name of readdirSync(`${ROOT}/${folder}`).sort()) {
      if (`${folder}.${name}`.includes(filter)) yield* variantsOf(`${folder}.${name}`, `${ROOT}/${folder}/${name}`);
    }
  }
}

function* variantsOf(name: string, path: string): Generator<Case> {
  const [set] = readdirSync(path)
    .filter((entry) => entry.startsWith("test_data_set_"))
    .sort();
  if (!set || !existsSync(`${path}/model.onnx`)) return;
  const model = fromBinary(ModelProtoSchema, readFileSync(`${path}/model.onnx`));
  const { graph } = model;
  const stored = new Set(graph?.initializer.map((tensor) => tensor.name));
  const inputs = graph?.input.filter((input) => !stored.has(input.name)) ?? [];
  if ([...inputs, ...(graph?.output ?? [])].some(({ type }) => type?.value.case !== "tensorType")) return;
  const read = (kind: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${path}/${set}/${kind}_${i}.pb`)
      .filter((file) => existsSync(file))
      .map((file) => fromBinary(TensorProtoSchema, readFileSync(file)));
  const given = read("input", inputs.length);
  const expected = read("output", graph?.output.length ?? 0);
  if ([...given, ...expected].some(({ dataType }) => !TYPES.has(dataType))) return;
  const named = inputs.slice(0, given.length).map(({ name }, i): [string, TensorProto] => [name, given[i]]);
  const right = Object.fromEntries(expected.map((tensor, i) => [graph?.output[i].name ?? "", fedOf(tensor)]));
  const feeds = Object.fromEntries(named.map(([input, tensor]) => [input, fedOf(tensor)]));
  yield { name, model: toBinary(ModelProtoSchema, model), feeds, right };
  const [first, ...others] = named;
  if (others.length === 0) return;
  const one = { [first[0]]: feeds[first[0]] };
  yield {
    name: `${name}.constant`,
    model: toBinary(ModelProtoSchema, stating(model, others, false)),
    feeds: one,
    right,
  };
  yield {
    name: `${name}.identity`,
    model: toBinary(ModelProtoSchema, stating(model, others, true)),
    feeds: one,
    right,
  };
}

/** The model with inputs as initializers, through an Identity or not. */
function stating(model: ModelProto, inputs: readonly [string, TensorProto][], computed: boolean): ModelProto {
  const { graph } = model;
  if (!graph) return model;
  const names = new Set(inputs.map(([name]) => name));
  const stored = (name: string) => (computed ? `${name}/stored` : name);
  const copies = inputs.map(([name]) =>
    create(NodeProtoSchema, { opType: "Identity", input: [stored(name)], output: [name] }),
  );
  return {
    ...model,
    irVersion: model.irVersion < 4n ? 4n : model.irVersion,
    graph: {
      ...graph,
      node: [...(computed ? copies : []), ...graph.node],
      input: graph.input.filter(({ name }) => !names.has(name)),
      initializer: [...graph.initializer, ...inputs.map(([name, tensor]) => ({ ...tensor, name: stored(name) }))],
    },
  };
}

function fedOf(proto: TensorProto): FedTensor {
  const tensor = tensorFromProto(proto, { source: proto.name });
  if (tensor.dtype === "string") throw new Error("A tensor of strings is not a case.");
  return { dims: tensor.dims, data: tensor.data };
}

/** Runs a case. */
export async function outcomeOf({ model, feeds, right }: Case): Promise<{ outcome: Outcome; reason: string }> {
  try {
    const found = (await Network.load(model)).run(feeds);
    for (const [name, { dims, data }] of Object.entries(right)) {
      const own = found[name];
      if (own.dims.join() !== dims.join()) return { outcome: "wrong", reason: `[${own.dims}] for [${dims}]` };
      const at = Array.from<number | bigint>(data).findIndex((value, i) => !isClose(value, own.data[i]));
      if (at >= 0) return { outcome: "wrong", reason: `${own.data[at]} for ${data[at]} at ${at}` };
    }
    return { outcome: "right", reason: "" };
  } catch (error) {
    const outcome = error instanceof UnsupportedError ? "refused" : "crash";
    return { outcome, reason: String(error instanceof Error ? error.message : error) };
  }
}

/** ONNX's own tolerance. */
function isClose(right: number | bigint, found: number | bigint): boolean {
  const [a, b] = [Number(right), Number(found)];
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-4 + 1e-3 * Math.abs(a);
}
