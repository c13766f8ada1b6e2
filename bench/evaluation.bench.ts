/**
 * How fast are networks evaluated, beside ONNX Runtime alone?
 *
 * Batches of noise, each of as many samples as evaluation takes: the network as it is in a session of
 * onnxruntime-node with no more than that, the evaluator, which reads samples and measures too, and the evaluator that
 * takes other parameters, as it does between epochs; and how long the last two take to be made, or to take the
 * parameters. In turns; medians, the speed that of the turns' ratios.
 *
 * npm run bench -- evaluation [--batches 10] [--turns 5] [--threads 2] [NETWORK ...]
 */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { arraySplit } from "../packages/espalier/src/data/array-split.ts";
import { batchFor, type LearningData } from "../packages/espalier/src/data/dataset.ts";
import { nodeEngine } from "../packages/espalier/src/engine/node.ts";
import { median } from "../packages/espalier/src/median.ts";
import { sizeOf } from "../packages/espalier/src/onnx/tensor.ts";
import { writeModel } from "../packages/espalier/src/onnx/write.ts";
import { random } from "../packages/espalier/src/random.ts";
import { Evaluator } from "../packages/espalier/src/training/evaluate.ts";
import { learnedTensors, parametersOf } from "../packages/espalier/src/training/parameters.ts";
import { networkOf } from "./step-cases.ts";

const { values, positionals } = parseArgs({
  options: {
    batches: { type: "string", default: "10" },
    turns: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
  },
  allowPositionals: true,
});
const [batches, turns, threads] = [values.batches, values.turns, values.threads].map(Number);
const NETWORKS = ["lenet-300-100", "lenet-5", "resnet-20", "squeezenet", "resnet-50", "mobilenet-v2", "vit"];
const WARM_UP = 2;
const CLASSES = 10;

interface Cost {
  readonly clock: number;
  readonly processor: number;
}

async function costOf(work: () => unknown): Promise<Cost> {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { clock: performance.now() - start, processor: (user + system) / 1e3 };
}

/** Noise with labels, as much as so many batches hold. */
function noise(name: string, shape: readonly number[], outputs: number): LearningData {
  const inputs = [{ name, dtype: "float32", shape }] as const;
  const targets = [{ name: "label", dtype: "int32", shape: [] }] as const;
  const size = batches * batchFor({ inputs });
  const pixels = new Float32Array(size * sizeOf(shape));
  random(1, "noise").fill(pixels);
  const labels = Int32Array.from({ length: size }, (_, i) => i % CLASSES);
  const arrays = { [name]: { values: pixels, size: sizeOf(shape) }, label: { values: labels, size: 1 } };
  const split = arraySplit(arrays, 0, size);
  return { name: "noise", inputs, targets, classes: outputs, train: split, validation: split };
}

async function measure(name: string) {
  const model = networkOf(name);
  const [{ name: input, shape = [] }] = model.inputs;
  const dims = shape.slice(1).map(Number);
  const data = noise(input, dims, Number(model.outputs[0].shape?.[1]));
  const batch = batchFor(data);
  const options = { executionProviders: ["cpu"], intraOpNumThreads: threads, interOpNumThreads: 1 } as const;
  const session = await InferenceSession.create(writeModel(model), { ...options, graphOptimizationLevel: "all" });
  const fed = new Float32Array(batch * sizeOf(dims));
  random(1, "noise").fill(fed);
  const feeds = { [input]: new Tensor("float32", fed, [batch, ...dims]) };
  const engine = nodeEngine({ threads });
  const parameters = parametersOf(model, [...learnedTensors(model)]);
  const evaluators: Evaluator[] = [];
  const made = await costOf(async () => void evaluators.push(await Evaluator.create(engine, model, data)));
  evaluators.push(await Evaluator.create(engine, model, data, parameters.keys()));
  const [constant, open] = evaluators;
  const kinds = {
    plain: async () => {
      for (let i = 0; i < batches; i++) await session.run(feeds);
    },
    constant: () => constant.evaluate(data.validation),
    loading: async () => open.load(parameters),
    open: () => open.evaluate(data.validation),
  };
  const costs: Record<keyof typeof kinds, Cost[]> = { plain: [], constant: [], loading: [], open: [] };
  for (let turn = -WARM_UP; turn < turns; turn++) {
    for (const kind of Object.keys(kinds) as (keyof typeof kinds)[]) {
      const cost = await costOf(kinds[kind]);
      if (turn >= 0) costs[kind].push(cost);
    }
  }
  await session.release();
  for (const evaluator of evaluators) await evaluator.release();
  return { batch, made, costs };
}

const head = ["network", "batch", "onnxruntime, ms", "evaluator", "speed", "of the processor"];
head.push("other parameters", "speed", "of the processor", "to make, ms", "to load");
const table = new Table({
  head,
  colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
  style: { head: [], border: [], compact: true },
});
for (const name of positionals.length > 0 ? positionals : NETWORKS) {
  const { batch, made, costs } = await measure(name);
  const a = (kind: keyof typeof costs) => (median(costs[kind].map(({ clock }) => clock)) / batches).toPrecision(3);
  const speeds = (kind: keyof typeof costs) =>
    (["clock", "processor"] as const).map(
      (key) => `${median(costs.plain.map((plain, turn) => plain[key] / costs[kind][turn][key])).toFixed(2)}x`,
    );
  const loading = median(costs.loading.map(({ clock }) => clock));
  const columns = [a("plain"), a("constant"), ...speeds("constant"), a("open"), ...speeds("open")];
  table.push([name, batch, ...columns, made.clock.toFixed(0), loading.toPrecision(2)]);
  process.stderr.write(`${name}\n`);
}
process.stdout.write(`a batch; ${threads} threads; speed: onnxruntime-node alone = 1\n${table.toString()}\n`);
