import { encode, type Vocabulary } from "../data/text/vocabulary.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { layerTable } from "../pruning/table.ts";
import { curveChart } from "../report/curves.ts";
import { evaluate } from "../training/evaluate.ts";
import { generate } from "../training/generate.ts";
import { textMeasures } from "../training/tally.ts";
import type { Experiment, Passage } from "./experiment.ts";
import { further } from "./further.ts";
import type { Lab } from "./lab.ts";

const NETWORK = "lstm";
/** How far the dense network is pruned: the densities of its recipe, which make 10x, to these powers. */
const PARTS = [0.45, 0.68, 1, 1.36];
/** The one whose network is shown layer by layer. */
const SHOWN = 1;
const SAMPLE = { length: 300, temperature: 0.7 };

/** A network for text, pruned by several rates, against the dense one that is trained for as long at the same rates. */
export const lstm: Experiment = {
  title: "A recurrent network for text",
  claim: "An LSTM loses nine of ten connections and writes as well (Han's thesis, on NeuralTalk).",
  data: "text",
  async run(lab) {
    const { vocabulary } = lab.data;
    if (!vocabulary) throw new UserError("This experiment is about a text: give --data text:FILE.");
    const { batch, prune } = lab.recipe(NETWORK);
    const [round] = prune;
    const dense = (await lab.dense(NETWORK)).model;
    const rows = [await measure(lab, "dense", 1, dense)];
    const { prune: _, ...retrain } = round;
    const longer = (await lab.run("lstm-longer", dense, [{ ...retrain, name: "train" }], batch)).model;
    const control = await measure(lab, `dense, ${round.epochs} epochs more`, 1, longer);
    const networks = new Map([["dense", dense]]);
    let shown = dense;
    for (const part of PARTS) {
      const { model, results } = await lab.run(`lstm-${part}`, dense, [further(round, part)], batch);
      const [{ density }] = results;
      const name = `${(1 / density).toFixed(1)}x`;
      rows.push(await measure(lab, name, density, model));
      networks.set(name, model);
      if (part === SHOWN) shown = model;
    }
    return {
      measured: {
        network: NETWORK,
        rows,
        control,
        epochs: round.epochs,
        layers: await layerTable(lab.engine, shown),
      },
      table: [
        ["", "density %", "validation, bits per character", "test, bits per character"],
        ...[rows[0], control, ...rows.slice(1)].map(({ name, density, validation, test }) => [
          name,
          (100 * density).toFixed(1),
          validation.toFixed(3),
          test.toFixed(3),
        ]),
      ],
      figures: [{ name: "lstm", caption: CAPTION, picture: picture(rows, control) }],
      texts: await passages(lab, vocabulary, networks),
    };
  },
};

const CAPTION =
  "Bits per character of the validation part against density; retrained, each from the dense network, for as many epochs as the dense one was trained on.";

/** How well a network tells the characters of the parts that it did not learn from. */
interface Row {
  readonly name: string;
  readonly density: number;
  readonly validation: number;
  readonly test: number;
}

async function measure({ engine, data }: Lab, name: string, density: number, model: Model): Promise<Row> {
  const bits = async (split: "validation" | "test") =>
    textMeasures(await evaluate(engine, model, data, data[split]), data[split])?.bitsPerCharacter ?? Number.NaN;
  return { name, density, validation: await bits("validation"), test: await bits("test") };
}

function picture(rows: readonly Row[], control: Row) {
  const least = Math.min(...rows.map(({ density }) => density));
  const points = rows.map(({ density, validation }) => ({ series: "pruned", x: 100 * density, y: validation }));
  const level = [1, least].map((density) => ({ series: "dense, as long", x: 100 * density, y: control.validation }));
  return curveChart([...points, ...level], {
    x: { label: "density, %", type: "log", reverse: true, tickFormat: "~r" },
    y: { label: "bits per character" },
  });
}

/** What each network writes behind the first line of the test part, by the same random numbers. */
async function passages(
  lab: Lab,
  vocabulary: Vocabulary,
  networks: ReadonlyMap<string, Model>,
): Promise<readonly Passage[]> {
  const first = new Float32Array(lab.data.sampleShape[0]);
  await lab.data.test.read([0], first, new Int32Array(first.length));
  const newline = encode(["\n"], vocabulary, "The vocabulary")[0];
  const prime = [...first.subarray(0, first.indexOf(newline) + 1 || first.length)];
  const texts: Passage[] = [];
  for (const [title, model] of networks) {
    const file = lab.fileOf(NETWORK, model);
    texts.push({ title, text: await generate(lab.engine, file, vocabulary, { prime, ...SAMPLE, seed: lab.seed }) });
  }
  return texts;
}
