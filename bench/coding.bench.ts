/**
 * How small is a pruned and shared network, beside what everyone has, and how long do coding and decoding take?
 *
 * `npm run bench -- coding [NETWORK...]`: lenet-300-100 (trained and pruned here), lenet-5 (the digit page's), squeezenet
 * (the authors', where it is there) and alexnet (drawn at random). The peers compress the .onnx with its values written
 * out, and the one with codes and codebooks that `--format gather` makes. Decoding is timed on one thread, in Node and in
 * Chromium where it is installed, in MB of the .onnx that comes out.
 */
import Table from "cli-table3";
import { encodeFile } from "../packages/espalier/src/coding/encode.ts";
import { median } from "../packages/espalier/src/median.ts";
import type { Model } from "../packages/espalier/src/onnx/graph.ts";
import { isFloat32 } from "../packages/espalier/src/onnx/tensor.ts";
import { writeModel } from "../packages/espalier/src/onnx/write.ts";
import { sharingOf } from "../packages/espalier/src/sharing/distinct.ts";
import { withGather } from "../packages/espalier/src/sharing/gather.ts";
import { contentsOf, decode } from "../packages/runtime/src/codec/whole.ts";
import { networks } from "./coding-networks.ts";
import { peers } from "./coding-peers.ts";
import { type DecodeTime, inChromium, inNode } from "./decode-times.ts";
import { orderZero } from "./order-zero.ts";

/** Brotli takes many minutes for a larger file: it gets only the other form, which is the smaller by far. */
const LARGEST_FOR_BROTLI = 2 ** 26;
const TIMES = 7;

const count = (number: number | undefined) => (number === undefined ? "-" : Math.round(number).toLocaleString("en-US"));
const print = (text: string) => process.stdout.write(`${text}\n`);

function table(head: string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    head,
    colAligns: head.map((_, i) => (i === 0 ? "left" : "right")),
    style: { head: [], border: [], compact: true },
  });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}

interface Form {
  readonly name: string;
  readonly file: Uint8Array;
}

/** What each peer makes of a form of the network, and the smallest of that. */
async function besidePeers({ name, file }: Form): Promise<{ row: string[]; best: number }> {
  const sizes: (number | undefined)[] = [];
  for (const peer of peers) {
    const tooLarge = peer.name.startsWith("brotli") && file.length > LARGEST_FOR_BROTLI;
    sizes.push(tooLarge ? undefined : await peer.compress(file));
  }
  const best = Math.min(...sizes.filter((size) => size !== undefined));
  return { row: [name, count(file.length), ...sizes.map(count)], best };
}

/** Each weight tensor's bytes beside its order-0 entropy. */
function besideEntropy(model: Model, esp: Uint8Array): string {
  const sums = { nonzero: 0, positions: 0, codes: 0, bytes: 0 };
  const row = (name: string, { nonzero, positions, codes, bytes }: typeof sums) => {
    const entropy = positions + codes;
    return [name, ...[nonzero, positions, codes, entropy, bytes].map(count), percent(bytes / entropy - 1)];
  };
  const rows = contentsOf(esp).tensors.flatMap(({ name, bytes }) => {
    const tensor = model.initializers.get(name);
    if (!isFloat32(tensor) || tensor.dims.length < 2) return [];
    const own = {
      nonzero: tensor.data.reduce((sum, w) => sum + (w === 0 ? 0 : 1), 0),
      ...orderZero(tensor.data),
      bytes,
    };
    sums.nonzero += own.nonzero;
    sums.positions += own.positions;
    sums.codes += own.codes;
    sums.bytes += bytes;
    return [row(name, own)];
  });
  return table(
    ["weights", "not zero", "entropy: positions", "codes", "together", "coded, with codebook", "more"],
    [...rows, row("all", sums)],
  );
}

function percent(part: number): string {
  return `${(100 * part).toFixed(2)}%`;
}

/** The first time, the median of the others, and how fast these are by the processor's time. */
function speedRow(name: string, times: readonly DecodeTime[], bytes: number): string[] {
  const [first, ...rest] = times;
  const processor = median(rest.map((time) => time.processor));
  const numbers = [first.processor, median(rest.map(({ wall }) => wall)), processor, bytes / 1000 / processor];
  return [name, ...numbers.map((number) => number.toFixed(0))];
}

const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : Object.keys(networks);
const speedRows: string[][] = [];
for (const name of names) {
  const network = await networks[name]?.();
  if (!network) {
    print(`${name} is skipped: it is not here (networks: ${Object.keys(networks).join(", ")}).\n`);
    continue;
  }
  const { model, net } = network;
  const dense = writeModel(model);
  const start = performance.now();
  const esp = encodeFile(dense);
  const encoding = (performance.now() - start) / 1000;
  if (Buffer.compare(decode(esp), dense) !== 0) throw new Error(`${name} does not come back as it was.`);
  const huffman = encodeFile(dense, { mode: "huffman" }).length;
  const gather = writeModel(withGather(model, sharingOf(model)));
  const dull = await besidePeers({ name: ".onnx, values written out", file: dense });
  const clever = await besidePeers({ name: ".onnx, --format gather", file: gather });
  print(name);
  print(table(["", "bytes", ...peers.map((peer) => peer.name)], [dull.row, clever.row]));
  const ours: [string, number | undefined][] = [
    ["the smallest of the peers, values written out", dull.best],
    ["the smallest of the peers, --format gather", clever.best],
    ["Deep Compression's .net", net],
    [".esp, --mode huffman", huffman],
    [".esp", esp.length],
  ];
  const known = ours.flatMap(([form, bytes]) => (bytes === undefined ? [] : [[form, bytes] as const]));
  print(
    table(
      ["", "bytes", ".esp is smaller"],
      known.map(([form, bytes]) => [form, count(bytes), `${(bytes / esp.length).toFixed(2)}x`]),
    ),
  );
  print(besideEntropy(model, esp));
  print(`Encoding took ${encoding.toFixed(1)} s.\n`);
  speedRows.push(speedRow(`${name}, Node`, inNode(esp, TIMES), dense.length));
  const paged = await inChromium(esp, TIMES);
  if (paged) speedRows.push(speedRow(`${name}, Chromium`, paged, dense.length));
}
print(
  "Decoding, ms of the processor the first time, then by the clock and by the processor, and MB of .onnx a second:",
);
print(table(["", "first", "clock", "processor", "MB/s"], speedRows));
