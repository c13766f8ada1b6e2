import { headsOf } from "../adoption/heads.ts";
import { forSamples } from "../adoption/samples.ts";
import { batchOf, type Dataset, readInOrder, type Split } from "../data/dataset.ts";
import type { Engine } from "../engine/engine.ts";
import { simplify } from "../engine/simplify.ts";
import type { Model } from "../onnx/graph.ts";
import { pictureOf, planesOf } from "../report/samples/picture.ts";
import type { SampleLook } from "../report/samples/render.ts";
import { said } from "../report/samples/said.ts";
import { judgesFor } from "../tasks/fidelity/choose.ts";
import { numbersOf } from "../tasks/fidelity/fidelity.ts";
import { fidelityMeasures } from "../tasks/fidelity/index.ts";
import { Blanks } from "../tasks/fidelity/judged.ts";
import { Evaluator } from "../training/evaluate.ts";
import { orderOf } from "./comparison.ts";

/** How many samples are looked at. */
const SAMPLES = 4;

/** The key under which exporters of readers keep their characters, one a line. */
const CHARACTERS = "character";

/**
 * A few samples of the test split with what a network says of them before and after it was made small: boxes, maps, text
 * or classes. Empty where samples are no pictures, or outputs say nothing that people see.
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
  const few = evenly(data.test);
  const heads = headsOf(await simplify(engine, right, { batch: 1 }));
  const order = orderOf(own, right);
  const wanted = await outputsOn(engine, right, data, few.split);
  const got = await outputsOn(engine, own, data, few.split);
  const blanks = new Blanks(heads);
  for (const outputs of wanted) blanks.add(outputs, 1, 1);
  const isKnown = measure !== undefined && fidelityMeasures.has(measure);
  const judges = judgesFor(heads, isKnown ? measure : undefined, (i) => blanks.partOf(i));
  const characters = before.metadata.get(CHARACTERS)?.split("\n");
  const looks: SampleLook[] = [];
  for (const [i, index] of few.indices.entries()) {
    const { arrays, tensors } = batchOf([spec], 1);
    await readInOrder(few.split, i, 1, arrays);
    const picture = pictureOf(numbersOf(tensors[spec.name]), planes, data.preprocessing);
    const vocabulary = { characters, picture: [planes.width, planes.height] } as const;
    const a = wanted[i].map(numbersOf);
    const b = order.map((place) => numbersOf(got[i][place]));
    const outputs = judges.flatMap((judge) => {
      const [first, second] = [a, b].map((values) =>
        judge.counts ? said(judge, heads, values, vocabulary) : undefined,
      );
      return first && second ? [{ name: heads[judge.outputs[0]].name, before: first, after: second }] : [];
    });
    if (outputs.length > 0) looks.push({ index, picture, outputs });
  }
  return looks;
}

/** A few samples, as far apart as they can be. */
function evenly(split: Split): { readonly split: Split; readonly indices: readonly number[] } {
  const count = Math.min(SAMPLES, split.size);
  const indices = Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * split.size) / count));
  const read: Split["read"] = (chosen, into) =>
    split.read(
      Array.from(chosen, (i) => indices[i]),
      into,
    );
  return { split: { size: count, read }, indices };
}

/** A network's outputs for each sample. */
async function outputsOn(engine: Engine, network: Model, data: Dataset, split: Split) {
  const evaluator = await Evaluator.create(engine, network, data, [], { batch: 1 });
  try {
    const all = [];
    for await (const { outputs } of evaluator.outputs(split)) all.push(outputs);
    return all;
  } finally {
    await evaluator.release();
  }
}
