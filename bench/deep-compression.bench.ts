/**
 * How long do the codes of an AlexNet-sized Deep Compression `.net` file take, and do they come back whole?
 *
 * AlexNet's layers at the densities of Han et al. (NIPS 2015, table 4), 255 shared weights a convolution and 15 a fully
 * connected layer, drawn at random.
 */
import Table from "cli-table3";
import { decodeDeepCompression } from "../packages/espalier/src/import/deep-compression/decode.ts";
import { encodeDeepCompression, type SharedLayer } from "../packages/espalier/src/import/deep-compression/encode.ts";
import { alexnet } from "../packages/espalier/src/models/alexnet.ts";
import { layersOf } from "../packages/espalier/src/operators/layers.ts";
import { random } from "../packages/espalier/src/random.ts";

const densities = [0.84, 0.38, 0.35, 0.37, 0.37, 0.09, 0.09, 0.25];

const layers = layersOf(alexnet({ seed: 1 })).map(({ name, node, tensor }, i): SharedLayer => {
  const bits = node.op === "Conv" ? 8 : 4;
  const { uniform, normal, below } = random(1, name);
  const codebook = Float32Array.from({ length: 2 ** bits }, normal);
  codebook[0] = 0;
  const weights = tensor.data.map(() => (uniform() < densities[i] ? codebook[1 + below(codebook.length - 1)] : 0));
  return { name, bits, weights, bias: new Float32Array(tensor.dims[0]), codebook };
});

const timed = <T>(run: () => T): [T, string] => {
  const start = performance.now();
  const result = run();
  return [result, ((performance.now() - start) / 1000).toFixed(2)];
};
const [bytes, encoding] = timed(() => encodeDeepCompression(layers));
const shapes = layers.map(({ name, bits, weights, bias }) => ({
  name,
  bits,
  weights: weights.length,
  biases: bias.length,
}));
const [decoded, decoding] = timed(() => decodeDeepCompression(bytes, shapes));
const whole = layers.every(({ weights }, i) => weights.every((w, j) => w === decoded[i].weights[j]));

const count = layers.reduce((sum, { weights }) => sum + weights.length, 0);
const table = new Table({ colAligns: ["left", "right"], style: { head: [], border: [], compact: true } });
table.push(
  ["weights", count.toLocaleString("en-US")],
  ["bytes of the file", bytes.length.toLocaleString("en-US")],
  ["float32 / file", `${((4 * count) / bytes.length).toFixed(1)}x`],
  ["encoding, s", encoding],
  ["decoding, s", decoding],
  ["all weights the same", whole ? "yes" : "NO"],
);
process.stdout.write(`${table}\n`);
if (!whole) process.exitCode = 1;
