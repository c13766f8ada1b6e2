import { type Head, headsOf } from "../adoption/heads.ts";
import { forSamples } from "../adoption/samples.ts";
import { batchOf, type Dataset, type Split } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { simplify } from "../engine/simplify.ts";
import type { Model } from "../onnx/graph.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import { pictureOf, planesOf } from "../report/samples/picture.ts";
import type { SampleLook } from "../report/samples/render.ts";
import { said, saysSomething } from "../report/samples/said.ts";
import { judgesFor } from "../tasks/fidelity/choose.ts";
import { numbersOf } from "../tasks/fidelity/fidelity.ts";
import { fidelityMeasures } from "../tasks/fidelity/index.ts";
import { Blanks } from "../tasks/fidelity/judged.ts";
import { Evaluator } from "../training/evaluate.ts";
import { orderOf } from "./same-outputs.ts";

/** How many samples are looked at, and how many of them are shown. */
const LOOKED_AT = 32;
const SHOWN = 4;

/** The key under which exporters of readers keep their characters, one a line. */
const CHARACTERS = "character";

/**
 * A few samples of the test split with what a network says of them before and after it was made small: boxes, maps, text
 * or classes. Those in which it found something before come first. Empty where samples are no pictures, or outputs say
 * nothing that people see.
 * @param measure by which outputs were compared, where one was asked for
 */
export async function lookAtSamples(
  engine: Engine,
  before: Model,
  after: Model,
  given: Dataset,
  measure?: string,
): Promise<SampleLook[]> {
  const data = { ...given, targets: [] };
  const spec = data.inputs.find((input) => planesOf(input, data.preprocessing?.layout));
  const planes = spec && planesOf(spec, data.preprocessing?.layout);
  if (!spec || !planes || data.test.stream || data.test.size === 0) return [];
  const [right, own] = [before, after].map((network) => forSamples(network, data));
  const heads = headsOf(await simplify(engine, right, { batch: 1 }));
  const looked = evenly(
    Array.from({ length: data.test.size }, (_, i) => i),
    LOOKED_AT,
  );
  const wanted = await outputsOn(engine, right, data, looked);
  const judges = judgesOn(heads, wanted, measure);
  const vocabulary = {
    characters: before.metadata.get(CHARACTERS)?.split("\n"),
    picture: [planes.width, planes.height],
  } as const;
  const saidOf = (outputs: readonly NumericTensor[]) => {
    const values = outputs.map(numbersOf);
    return judges.map((judge) => said(judge, heads, values, vocabulary));
  };
  const first = wanted.map(saidOf);
  const places = looked.map((_, i) => i);
  const telling = places.filter((i) => first[i].some((own) => own && saysSomething(own)));
  const shown = evenly(telling.length > 0 ? telling : places, SHOWN);
  const order = orderOf(own, right);
  const got = await outputsOn(
    engine,
    own,
    data,
    shown.map((i) => looked[i]),
  );
  const looks: SampleLook[] = [];
  for (const [k, i] of shown.entries()) {
    const second = saidOf(order.map((place) => got[k][place]));
    const outputs = judges.flatMap(({ outputs: [output] }, j) => {
      const [a, b] = [first[i][j], second[j]];
      return a && b ? [{ name: heads[output].name, before: a, after: b }] : [];
    });
    if (outputs.length === 0) continue;
    const { arrays, tensors } = batchOf([spec], 1);
    await data.test.read([looked[i]], arrays);
    const picture = pictureOf(numbersOf(tensors[spec.name]), planes, data.preprocessing);
    looks.push({ index: looked[i], picture, outputs });
  }
  return looks;
}

/** What compares outputs, by what they are: only what counts for the fidelity is looked at. */
function judgesOn(heads: readonly Head[], wanted: readonly (readonly NumericTensor[])[], measure: string | undefined) {
  const blanks = new Blanks(heads);
  for (const outputs of wanted) blanks.add(outputs, 1, 1);
  const isKnown = measure !== undefined && fidelityMeasures.has(measure);
  return judgesFor(heads, isKnown ? measure : undefined, (i) => blanks.partOf(i)).filter(({ counts }) => counts);
}

/** A few of some things, as far apart as they can be. */
function evenly<Item>(all: readonly Item[], most: number): Item[] {
  const count = Math.min(most, all.length);
  return Array.from({ length: count }, (_, i) => all[Math.floor(((i + 0.5) * all.length) / count)]);
}

/** A network's outputs for each of some samples of the test split. */
async function outputsOn(engine: Engine, network: Model, data: Dataset, indices: readonly number[]) {
  const read: Split["read"] = (chosen, into) =>
    data.test.read(
      Array.from(chosen, (i) => indices[i]),
      into,
    );
  const evaluator = await Evaluator.create(engine, network, data, [], { batch: 1 });
  try {
    const all: (readonly NumericTensor[])[] = [];
    for await (const { outputs } of evaluator.outputs({ size: indices.length, read })) all.push(outputs);
    return all;
  } finally {
    await evaluator.release();
  }
}
