import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  compact,
  compress,
  decode,
  pruneByPlan,
  pruneBySearch,
  pruneWithoutLabels,
  readModel,
  simplify,
  train,
  writeModel,
} from "espalier";
import { nodeEngine } from "espalier/node";
import { beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../src/onnx/graph.ts";
import { type ModelProto, ModelProtoSchema, StringStringEntryProtoSchema } from "../../src/onnx/onnx_pb.ts";
import { blobs, trainedBlobNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });
const labelled = blobs({ train: 128, validation: 64, test: 32 });
const unlabelled = { ...labelled, targets: [] };

/** What a file says of itself beside what it computes. */
const SAID = {
  producerName: "trainer",
  producerVersion: "1.2",
  domain: "org.example",
  modelVersion: 7n,
  docString: new TextEncoder().encode("Tells four patterns apart."),
};
const PROPERTIES = { license: "Apache-2.0", author: "A. Person" };
const GRAPH_DOC = new TextEncoder().encode("The graph of four patterns.");

function described(model: Model): Model {
  const proto = fromBinary(ModelProtoSchema, writeModel(model));
  const metadataProps = Object.entries(PROPERTIES).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
  const graph = proto.graph && { ...proto.graph, docString: GRAPH_DOC };
  return readModel(toBinary(ModelProtoSchema, { ...proto, ...SAID, metadataProps, graph }));
}

let source: Model;
beforeAll(async () => {
  source = described(await trainedBlobNet(engine, labelled));
});

const halves = { density: { "*": 0.5 } };
const short = { epochs: 1, batch: 32 };
const packed = async (data: typeof labelled | undefined, options: Parameters<typeof compress>[3]) => {
  const { contents } = await compress(engine, source, data, options);
  return options?.format === "gather" ? readModel(contents) : readModel(decode(contents));
};

/** What makes another file of a network. */
const COMMANDS: Readonly<Record<string, () => Promise<Model>>> = {
  simplify: async () => (await simplify(engine, source)).model,
  compact: async () => (await compact(engine, source)).model,
  train: async () => (await train(engine, source, labelled, short)).model,
  "train --task imitate": async () => (await train(engine, source, unlabelled, short)).model,
  "prune --density": async () =>
    (await pruneByPlan(engine, source, labelled, { ...halves, ...short, rounds: 1 })).model,
  "prune --rate": async () => (await pruneBySearch(engine, source, labelled, { rate: 1.5, ...short })).model,
  "prune --unlabeled": async () => (await pruneWithoutLabels(engine, source, unlabelled, halves)).model,
  compress: () => packed(undefined, {}),
  "compress --mode static": () => packed(undefined, { mode: "static" }),
  "compress --bits": () => packed(undefined, { bits: 4 }),
  "compress --bits --data": () => packed(labelled, { bits: 4, epochs: 1 }),
  "compress --method": () => packed(undefined, { bits: 4, method: "kmeans" }),
  "compress --format gather": () => packed(undefined, { bits: 4, format: "gather" }),
  "compress --max-loss": () => packed(undefined, { maxLoss: 2 }),
  "compress --max-loss --data": () => packed(unlabelled, { maxLoss: 5, epochs: 1 }),
  "compress --unlabeled": () => packed(unlabelled, { unlabeled: true, lambda: 0.001 }),
};

describe("what a file says of itself, its licence among it, is said by the file that is made of it", () => {
  it.each(Object.entries(COMMANDS))("%s", async (_, run) => {
    const proto: ModelProto = fromBinary(ModelProtoSchema, writeModel(await run()));
    expect(proto).toMatchObject(SAID);
    expect(proto.graph?.docString).toEqual(GRAPH_DOC);
    const properties = Object.fromEntries(proto.metadataProps.map(({ key, value }) => [key, value]));
    expect(properties).toMatchObject(PROPERTIES);
    for (const key of Object.keys(properties)) expect(key in PROPERTIES || key.startsWith("espalier.")).toBe(true);
  });
});
