import { differentiate, reachedByGradient } from "../../autodiff/differentiate.ts";
import { batchOf, type LearningData, readInOrder } from "../../data/dataset.ts";
import { routed } from "../../data/routes.ts";
import { annotateAdditions, settle } from "../../engine/annotate.ts";
import type { Engine, Tensors } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import { int } from "../../onnx/attributes.ts";
import { GraphBuilder } from "../../onnx/builder.ts";
import { copyModel, fedInputs, type Model } from "../../onnx/graph.ts";
import { float32, floatsOf, sizeOf } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { upgrade } from "../../onnx/upgrade.ts";
import { type Random, random } from "../../random.ts";
import { fedTensors, routesFor } from "../../training/feeding.ts";
import { trainableParameters } from "../../training/parameters.ts";
import { embedded, type OutputKind } from "./embedded.ts";
import { candidatesOf, type Look, type Looked, type Plain, plainLook } from "./looks.ts";

/** What there is to know of a network's weights to round them where it costs the outputs least. */
export interface Statistics {
  /** The network that they are of, for some size of batch. */
  readonly typed: TypedModel;
  /** Of layers that are products of matrices, by the name of their weights. */
  readonly layers: ReadonlyMap<string, Looked>;
  /** Of all other parameters. */
  readonly others: ReadonlyMap<string, Plain>;
  /** The deviation of each output's numbers. */
  readonly scales: readonly number[];
}

export interface StatisticsOptions {
  /** Samples that are run at a time. */
  readonly batch: number;
  readonly seed: number;
  /** What each output is; default: what the graph says. */
  readonly kinds?: readonly OutputKind[];
  readonly signal?: AbortSignal;
  /** Is told after each batch what part is done, 0 to 1. */
  readonly onPart?: (part: number) => void;
}

/** More samples than this tell hardly more. */
const MOST_SAMPLES = 256;

/**
 * Looks at what layers read, and at what their errors do to the network's outputs, on training samples and without
 * targets: the second moments of each layer's inputs, weighted by the square of the gradient of the outputs at the same
 * place, and by output unit the mean square of that gradient. Gradients are those of the outputs, embedded, along random
 * directions, so that their squares are, on average, what an error does to the outputs (the generalized Gauss-Newton
 * matrix, by Kronecker factors: Martens and Grosse, arXiv 1503.05671; one direction a sample).
 * @throws UserError where a gradient is not known, or the data does not fit
 */
export async function statisticsOf(
  engine: Engine,
  model: Model,
  data: LearningData,
  { batch: wanted, seed, kinds, signal, onPart }: StatisticsOptions,
): Promise<Statistics> {
  const { train } = data;
  if (train.size === 0) throw new UserError(`${data.name} has no samples to look at: give some.`);
  const typed = await settle(engine, upgrade(model), { batch: wanted });
  const feed = { inputs: fedInputs(typed), targets: [] };
  const batch = feed.inputs[0].shape[0];
  const split = routed(train, routesFor(feed, data));
  const whole = Math.floor(split.size / batch);
  if (whole === 0) throw new UserError(`${data.name} has fewer training samples than the network's batch of ${batch}.`);
  const count = Math.max(1, Math.min(whole, Math.floor(MOST_SAMPLES / batch)));

  async function* batches(): AsyncGenerator<Tensors> {
    for (let i = 0; i < count; i++) {
      signal?.throwIfAborted();
      const { tensors, arrays } = batchOf(fedTensors(feed), batch);
      await readInOrder(split, batch * Math.floor((i * whole) / count), batch, arrays);
      yield tensors;
    }
  }

  const scales = await scalesOf(engine, typed, batches());
  const { model: probed, loss, noise } = await withProbe(engine, typed, scales, kinds);
  const { looks, plains, gradients } = look(typed, probed, loss, count * batch);
  const sums = summed(gradients, [...looks, ...plains]);
  const program = await engine.compile(gradients, { carry: sums.carry, inPlace: true });
  const normal = random(seed, "directions");
  try {
    let done = 0;
    for await (const tensors of batches()) {
      await program.run({ ...tensors, ...directions(noise, normal) });
      onPart?.(++done / count);
    }
    const result = async <Result>({ sums: own, read }: Look<Result>): Promise<Result> => {
      const means: Float32Array[] = [];
      for (const { value } of own) {
        const sum = floatsOf(await program.read(sums.inputs.get(value) ?? ""));
        means.push(sum.map((each) => each / (count * batch)));
      }
      return read(means);
    };
    const layers = new Map<string, Looked>();
    const others = new Map<string, Plain>();
    for (const own of looks) {
      const looked = await result(own);
      layers.set(looked.layer.weight, looked);
    }
    for (const own of plains) {
      const plain = await result(own);
      others.set(plain.name, plain);
    }
    return { typed, scales, layers, others };
  } finally {
    await program.release();
  }
}

/** Sums values over runs, within the graph: each becomes an input that stays there. */
function summed(model: Model, looks: readonly Pick<Look<unknown>, "sums">[]) {
  const graph = new GraphBuilder(model, "sums/");
  const carry: Record<string, string> = {};
  const inputs = new Map<string, string>();
  model.inputs = [...model.inputs];
  model.outputs = [];
  for (const { value, size } of looks.flatMap(({ sums }) => sums)) {
    const before = graph.fresh("before");
    const flat = graph.emit("Reshape", [value, graph.ints([size])]);
    const after = graph.emit("Add", [before, flat]);
    const type = { dtype: "float32", shape: [size] } as const;
    model.inputs.push({ name: before, ...type });
    model.outputs.push({ name: after, ...type });
    carry[after] = before;
    inputs.set(value, before);
  }
  return { carry, inputs };
}

/** The deviation of each output's numbers. */
async function scalesOf(engine: Engine, typed: TypedModel, batches: AsyncGenerator<Tensors>): Promise<number[]> {
  const program = await engine.compile(typed);
  const sums = typed.outputs.map(() => ({ sum: 0, squares: 0, count: 0 }));
  try {
    let looked = 0;
    for await (const tensors of batches) {
      const results = await program.run(tensors);
      for (const [i, { name }] of typed.outputs.entries()) {
        for (const value of results[name].data) {
          sums[i].sum += Number(value);
          sums[i].squares += Number(value) ** 2;
        }
        sums[i].count += results[name].data.length;
      }
      if (++looked === ENOUGH) break;
    }
  } finally {
    await program.release();
  }
  return sums.map(({ sum, squares, count }) => deviation(sum / count, squares / count));
}

/** Of numbers that are all but alike, their size. */
function deviation(mean: number, square: number): number {
  const variance = square - mean ** 2;
  return Math.sqrt(variance > 1e-6 * square ? variance : square);
}

/** Batches that tell how large outputs are. */
const ENOUGH = 16;

interface Direction {
  readonly name: string;
  readonly dims: readonly number[];
}

/** The network with the sum of its outputs, embedded, along directions that are fed. */
async function withProbe(
  engine: Engine,
  typed: TypedModel,
  scales: readonly number[],
  kinds: readonly OutputKind[] = [],
) {
  const model = { ...copyModel(typed), inputs: [...typed.inputs] };
  const graph = new GraphBuilder(model, "probe/");
  const noise: Direction[] = [];
  const parts = typed.outputs.flatMap((output, i) =>
    output.dtype !== "float32"
      ? []
      : embedded(graph, typed, output, { scale: scales[i], kind: kinds[i] }).map((value) => {
          const name = graph.fresh("direction");
          const dims = [sizeOf(output.shape)];
          model.inputs.push({ name, dtype: "float32", shape: dims });
          noise.push({ name, dims });
          // What is embedded may have another shape than the output: that before a view.
          const flat = graph.emit("Reshape", [value, graph.ints([-1])]);
          return graph.emit("ReduceSum", [graph.emit("Mul", [flat, name])], { keepdims: int(0) });
        }),
  );
  if (parts.length === 0)
    throw new UserError(`No output of "${typed.name}" is float32: its weights cannot be weighed.`);
  const loss = graph.emit("Sum", parts);
  model.outputs = [{ name: loss }];
  return { model: await annotateAdditions(engine, model, typed), loss, noise };
}

/** The graph of gradients and moments, with what takes them in. */
function look(typed: TypedModel, probed: TypedModel, loss: string, samples: number) {
  const candidates = candidatesOf(typed);
  const reached = (names: readonly string[]) => new Set(reachedByGradient(probed, loss, names));
  const found = reached(candidates.map(({ output }) => output));
  const linear = candidates.filter(({ output }) => found.has(output));
  const decided = new Set(linear.flatMap(({ own }) => own));
  const names = [...reached(trainableParameters(typed).filter((name) => !decided.has(name)))];
  const wrt = new Set([...linear.map(({ output }) => output), ...names]);
  const { model, gradients } = differentiate(probed, loss, [...wrt]);
  const graph = new GraphBuilder(model, "moments/");
  const gradientOf = (value: string) => gradients.get(value) ?? "";
  const looks = linear.map(({ build, output }) => build(graph, gradientOf(output), samples));
  const plains = names.map((name) => plainLook(graph, typed, name, gradientOf(name)));
  return { looks, plains, gradients: model };
}

function directions(noise: readonly Direction[], normal: Random): Tensors {
  return Object.fromEntries(
    noise.map(({ name, dims }) => {
      const data = new Float32Array(sizeOf(dims));
      normal.fillNormal(data, 1);
      return [name, float32(dims, data)];
    }),
  );
}
