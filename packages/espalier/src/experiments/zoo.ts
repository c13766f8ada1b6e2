import { z } from "zod";
import { parseJson } from "../json.ts";
import { copyModel, type Model } from "../onnx/graph.ts";
import { writeModel } from "../onnx/write.ts";
import { barChart } from "../report/bars.ts";
import type { Experiment, Figure } from "./experiment.ts";
import type { Lab } from "./lab.ts";
import type { ShippedNetwork } from "./shipped.ts";
import { int8ByChannel } from "./zoo-int8.ts";
import { timesOf } from "./zoo-times.ts";

/**
 * Bytes that a page loads besides its own and the network, under brotli 11: espalier-runtime as esbuild bundles it, and
 * onnxruntime-web 1.30, its .wasm of WebAssembly alone with its script.
 */
const RUNTIME = 62_272;
const WEB = 2_300_583 + 21_707;

/** The key under which a kept network has what was measured of it. */
const KEY = "espalier.zoo";

const fidelity = z.object({ bytes: z.number(), fidelity: z.number(), standardError: z.number() });
const schema = z.object({
  name: z.string(),
  title: z.string(),
  /** Of the .onnx as it came, and under brotli 11. */
  bytes: z.number(),
  brotli: z.number(),
  measure: z.string(),
  samples: z.number(),
  /** Weights of 8 bits with a scale for each output channel, the .onnx under brotli 11. */
  int8: fidelity,
  /** What `compress` makes. */
  ours: fidelity.extend({ how: z.string() }),
  /** Of one sample on one thread: ours in espalier-runtime, the network as it came in onnxruntime-web. */
  milliseconds: z.object({ runtime: z.number().optional(), web: z.number() }),
  /** Bytes that a page loads in all, without its own: ours, and onnxruntime-web with the .onnx or with int8. */
  page: z.object({ ours: z.number(), web: z.number(), int8: z.number() }),
});

/** What was measured of a network. */
export type ZooRow = z.infer<typeof schema>;

/** Networks that people ship, made small from their inputs alone. */
export const zoo: Experiment = {
  title: "Networks that people ship, made small from inputs alone",
  claim:
    "None: this is no experiment of the papers. The peer is what quantizers do: weights of 8 bits with a scale for each output channel.",
  data: "networks",
  async run(lab) {
    const rows: ZooRow[] = [];
    for (const network of lab.shipped.networks) rows.push(await measured(lab, network));
    return { measured: { networks: rows }, table: [HEAD, ...rows.map(cells)], figures: [sizes(rows), sameness(rows)] };
  },
};

const HEAD = [
  "network",
  "as it came",
  "brotli",
  "int8, brotli",
  "the same",
  "ours",
  "the same",
  "by",
  "how",
  "smaller than brotli",
  "than int8",
  "ms, ours",
  "ms, onnxruntime-web",
  "a page loads",
  "with onnxruntime-web",
];

function cells({ title, bytes, brotli, int8, ours, measure, milliseconds, page }: ZooRow) {
  return [
    title,
    bytes,
    brotli,
    int8.bytes,
    percent(int8),
    ours.bytes,
    percent(ours),
    measure,
    ours.how,
    `${(brotli / ours.bytes).toFixed(1)}x`,
    `${(int8.bytes / ours.bytes).toFixed(1)}x`,
    milliseconds.runtime === undefined ? "-" : milliseconds.runtime.toPrecision(3),
    milliseconds.web.toPrecision(3),
    page.ours,
    page.web,
  ];
}

const percent = ({ fidelity, standardError }: ZooRow["int8"]) =>
  `${fidelity.toFixed(2)}% ± ${standardError.toPrecision(1)}`;

function sizes(rows: readonly ZooRow[]): Figure {
  const kilobytes = (group: string, name: string, bytes: number) => ({ group, name, value: bytes / 1000 });
  return {
    name: "zoo-sizes",
    caption:
      "Kilobytes of each network: as it came under brotli, with weights of 8 bits by channel under brotli, ours.",
    picture: barChart(
      rows.flatMap(({ title, brotli, int8, ours }) => [
        kilobytes(title, "brotli", brotli),
        kilobytes(title, "int8", int8.bytes),
        kilobytes(title, "ours", ours.bytes),
      ]),
      "kB",
    ),
  };
}

function sameness(rows: readonly ZooRow[]): Figure {
  return {
    name: "zoo-fidelity",
    caption: "How far the outputs are those of the network as it came, on inputs that nothing was fitted or chosen on.",
    picture: barChart(
      rows.flatMap(({ title, int8, ours }) => [
        { group: title, name: "int8", value: int8.fidelity },
        { group: title, name: "ours", value: ours.fidelity },
      ]),
      "the same, %",
    ),
  };
}

/** Measures a network, unless that was done and kept. */
async function measured(lab: Lab, network: ShippedNetwork): Promise<ZooRow> {
  const { name, contents, data, fix, measure, maxLoss } = network;
  const settings = JSON.stringify({
    ...{ seed: lab.seed, quick: lab.quick, digest: await digestOf(contents), fix, measure, maxLoss },
    data: [data.name, data.train.size, data.test.size],
  });
  const known = lab.kept(`zoo-${name}`, settings)?.metadata.get(KEY);
  const row = schema.safeParse(parseJson(known ?? "null"));
  if (row.success) return row.data;
  const { made, model } = await measureAll(lab, network);
  const kept = copyModel(model);
  kept.metadata.set(KEY, JSON.stringify(made));
  lab.keep(`zoo-${name}`, settings, kept);
  const { ours, int8 } = made;
  lab.note(
    `${name}: ${ours.bytes} bytes, ${percent(ours)} the same (${ours.how}); int8 ${int8.bytes}, ${percent(int8)}`,
  );
  return made;
}

async function digestOf(contents: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(contents)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Measures a network; the test split is read here alone. */
async function measureAll(lab: Lab, network: ShippedNetwork): Promise<{ made: ZooRow; model: Model }> {
  const { shipped, toolkit } = lab;
  const { name, title, contents } = network;
  const during = <Result>(what: string, work: () => Promise<Result>) => lab.during(`${name}: ${what}`, work);
  const simple = await during("simplifying", () => toolkit.simplify(network));
  const peer = int8ByChannel(simple);
  const brotli = await during("coding by brotli", () => shipped.brotli(contents));
  const peerBytes = await during("coding int8 by brotli", () => shipped.brotli(writeModel(peer.file)));
  const found = await during("making it small", () => toolkit.compress(network, simple));
  const bytes = found.contents.length;
  const same = async (bytes: number, model: Model) => {
    const { fidelity, standardError, measure, samples } = await toolkit.compare(network, model, simple);
    return { bytes, fidelity, standardError, measure: measure.name, samples };
  };
  const int8 = await during("comparing int8", () => same(peerBytes, peer.rounded));
  const ours = await during("comparing what was found", () => same(bytes, found.model));
  const milliseconds = await during("timing", () => timesOf(network, found.contents, simple, lab.quick));
  const made = {
    ...{ name, title, bytes: contents.length, brotli },
    ...{ measure: ours.measure, samples: ours.samples, int8, ours: { ...ours, how: found.how } },
    milliseconds,
    page: { ours: RUNTIME + bytes, web: WEB + brotli, int8: WEB + peerBytes },
  };
  return { made: schema.parse(made), model: found.model };
}
