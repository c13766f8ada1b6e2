import { encode, type Vocabulary } from "../data/text/vocabulary.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { layerTable } from "../pruning/table.ts";
import { curveChart } from "../report/curves.ts";
import { evaluate } from "../training/evaluate.ts";
import { generate } from "../training/generate.ts";
import { textMeasures } from "../training/tally.ts";
import type { Experiment, Passage } from "./experiment.ts";
import type { Lab } from "./lab.ts";

const NETWORK = "lstm";
/** Each is pruned from the one before it; the first from the dense network. */
const RATES = [3, 6, 10, 20];
/** The rate whose network is shown layer by layer. */
const SHOWN = 10;
/** Epochs of retraining at each rate. */
const EPOCHS = 3;
const SAMPLE = { length: 300, temperature: 0.7 };

/** A network for text, pruned further and further, against the dense one that is trained for as long. */
export const lstm: Experiment = {
  title: "A recurrent network for text",
  claim: "An LSTM loses nine of ten connections and writes as well (Han's thesis, on NeuralTalk).",
  data: "text",
  async run(lab) {
    const { vocabulary } = lab.data;
    if (!vocabulary) throw new UserError("This experiment is about a text: give --data text:FILE.");
    const { batch } = lab.recipe(NETWORK);
    const retrain = lab.retraining(NETWORK, EPOCHS);
    const dense = (await lab.dense(NETWORK)).model;
    const rows = [await measure(lab, "dense", 1, dense)];
    const longer = (await lab.run("lstm-longer", dense, [{ name: "train", ...retrain }], batch)).model;
    const control = await measure(lab, `dense, ${retrain.epochs} epochs more`, 1, longer);
    const networks = new Map([["dense", dense]]);
    let last = dense;
    for (const rate of RATES) {
      const prune = { target: { kind: "rate", rate }, part: 1 } as const;
      const { model, results } = await lab.run(`lstm-${rate}x`, last, [{ name: `${rate}x`, prune, ...retrain }], batch);
      rows.push(await measure(lab, `${rate}x`, results[0].density, model));
      networks.set(`${rate}x`, model);
      last = model;
    }
    return {
      measured: {
        network: NETWORK,
        rows,
        control,
        layers: await layerTable(lab.engine, networks.get(`${SHOWN}x`) ?? last),
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

const CAPTION = `Bits per character of the validation part against density; ${EPOCHS} epochs of retraining at each rate, and of the dense network as many.`;

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
