import { differentiate, reachedByGradient } from "../../autodiff/differentiate.ts";
import type { LearningData } from "../../data/dataset.ts";
import { routed } from "../../data/routes.ts";
import { isSequence } from "../../data/streams.ts";
import { settle } from "../../engine/annotate.ts";
import type { Engine, Tensors } from "../../engine/engine.ts";
import { UserError } from "../../errors.ts";
import { GraphBuilder } from "../../onnx/builder.ts";
import { fedInputs, type Model } from "../../onnx/graph.ts";
import { floatsOf, sizeOf } from "../../onnx/tensor.ts";
import type { TypedModel } from "../../onnx/typed.ts";
import { upgrade } from "../../onnx/upgrade.ts";
import { random } from "../../random.ts";
import { routesFor } from "../../training/feeding.ts";
import { trainableParameters } from "../../training/parameters.ts";
import { withOpenStates } from "../../training/visits.ts";
import type { OutputKind } from "./embedded.ts";
import { candidatesOf, type Look, type Looked, type Plain, plainLook } from "./looks.ts";
import { type Probe, withProbe } from "./probe.ts";
import { inOrder, scattered } from "./sights.ts";

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

/**
 * Looks at what layers read, and at what their errors do to the network's outputs, on training samples and without
 * targets: the second moments of each layer's inputs, weighted by the square of the gradient of the outputs at the same
 * place, and by output unit the mean square of that gradient. Gradients are those of the outputs, embedded, along random
 * directions, so that their squares are, on average, what an error does to the outputs (the generalized Gauss-Newton
 * matrix, by Kronecker factors: Martens and Grosse, arXiv 1503.05671; one direction a sample). Where samples follow each
 * other, each begins from the state that the network has there, and counts by what it does to all outputs from there on.
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
  const [batch] = feed.inputs[0].shape;
  const split = routed(train, routesFor(feed, data));
  const open = isSequence(train) ? withOpenStates(typed) : { model: typed, states: [] };
  const sights = await (open.states.length > 0
    ? inOrder(engine, typed, open, split, feed)
    : scattered(engine, typed, split, feed));
  const { count, scales } = sights;
  if (count === 0) throw new UserError(`${data.name} has fewer training samples than the network's batch of ${batch}.`);
  const probe = await withProbe(engine, typed, open, scales, kinds);
  const { looks, plains, gradients, pasts } = look(typed, probe, count * batch);
  const sums = summed(gradients, [...looks, ...plains]);
  const program = await engine.compile(gradients, { carry: sums.carry, inPlace: true });
  const normal = random(seed, "directions");
  try {
    let ahead = probe.nothingAhead();
    let done = 0;
    for await (const { fed, begins } of sights.backwards()) {
      signal?.throwIfAborted();
      const results = await program.run({ ...fed, ...ahead, ...probe.directions(normal) });
      // What a state does to all that follows comes back through the step behind it.
      ahead = begins ? probe.nothingAhead() : copied(pasts, results);
      done++;
      onPart?.(done / count);
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
      checkFinite(looked, data);
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

/** The graph of gradients and moments, with what takes them in, and the gradients of the states before a step. */
function look(typed: TypedModel, { model: probed, loss, onwards, gates }: Probe, samples: number) {
  const candidates = candidatesOf(typed, gates);
  const reached = (names: readonly string[]) => new Set(reachedByGradient(probed, loss, names));
  const found = reached(candidates.map(({ output }) => output));
  const linear = candidates.filter(({ output }) => found.has(output));
  const decided = new Set(linear.flatMap(({ own }) => own));
  const names = [...reached(trainableParameters(typed).filter((name) => !decided.has(name)))];
  const states = reached(onwards.map(({ name }) => name));
  const wrt = new Set([...linear.map(({ output }) => output), ...names, ...states]);
  const { model, gradients } = differentiate(probed, loss, [...wrt]);
  const graph = new GraphBuilder(model, "moments/");
  const gradientOf = (value: string) => gradients.get(value) ?? "";
  const looks = linear.map(({ build, output }) => build(graph, gradientOf(output), samples));
  const plains = names.map((name) => plainLook(graph, typed, name, gradientOf(name)));
  const pasts = onwards.flatMap(({ name, dims, ahead }) =>
    states.has(name)
      ? [{ ahead, value: graph.emit("Reshape", [gradientOf(name), graph.ints([-1])]), size: sizeOf(dims) }]
      : [],
  );
  model.outputs = pasts.map(({ value, size }) => ({ name: value, dtype: "float32", shape: [size] }));
  return { looks, plains, pasts, gradients: model };
}

/** What a run gave for the next one, which may write over it. */
function copied(pasts: readonly { readonly ahead: string; readonly value: string }[], results: Tensors): Tensors {
  return Object.fromEntries(
    pasts.map(({ ahead, value }) => [ahead, { ...results[value], data: results[value].data.slice() }]),
  );
}

/** @throws UserError where gradients grew beyond all numbers on their way */
function checkFinite({ layer, gains, blocks }: Looked, { name }: LearningData): void {
  if (gains.every(Number.isFinite) && blocks.every(({ second }) => second.every(Number.isFinite))) return;
  throw new UserError(
    `What the weights of "${layer.name}" do to the outputs is not finite on samples of ${name}: take other samples, or round by the weights alone, without data.`,
  );
}
