import { encode, type Vocabulary } from "../data/text/vocabulary.ts";
import { UserError } from "../errors.ts";
import { layerTable } from "../pruning/table.ts";
import { curveChart } from "../report/curves.ts";
import { evaluate } from "../training/evaluate.ts";
import { generate } from "../training/generate.ts";
import { textMeasures } from "../training/tally.ts";
import { prunedByParts, type Shown } from "./by-parts.ts";
import type { Experiment, Passage } from "./experiment.ts";
import type { Lab } from "./lab.ts";

const NETWORK = "lstm";
/** How far the dense network is pruned: the densities of its recipe, which make 10x, to these powers. */
const PARTS = [0.45, 0.68, 1, 1.36];
const SAMPLE = { length: 300, temperature: 0.7 };

/** A network for text, pruned by several rates, against the dense one that is trained for as long at the same rates. */
export const lstm: Experiment = {
  title: "A recurrent network for text",
  claim: "An LSTM loses nine of ten connections and writes as well (Han's thesis, on NeuralTalk).",
  data: "text",
  async run(lab) {
    const { vocabulary } = lab.data;
    if (!vocabulary) throw new UserError("This experiment is about a text: give --data text:FILE.");
    const { dense, control: longer, pruned, full, epochs } = await prunedByParts(lab, NETWORK, PARTS);
    const rows: Row[] = [];
    for (const shown of [dense, longer, ...pruned]) rows.push(await measure(lab, shown));
    const [first, control, ...others] = rows;
    return {
      measured: {
        network: NETWORK,
        rows: [first, ...others],
        control,
        epochs,
        layers: await layerTable(lab.engine, full),
      },
      table: [
        ["", "density %", "validation, bits per character", "test, bits per character"],
        ...rows.map(({ name, density, validation, test }) => [
          name,
          (100 * density).toFixed(1),
          validation.toFixed(3),
          test.toFixed(3),
        ]),
      ],
      figures: [{ name: "lstm", caption: CAPTION, picture: picture([first, ...others], control) }],
      texts: await passages(lab, vocabulary, [dense, ...pruned]),
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

async function measure({ engine, data }: Lab, { name, density, model }: Shown): Promise<Row> {
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
async function passages(lab: Lab, vocabulary: Vocabulary, networks: readonly Shown[]): Promise<readonly Passage[]> {
  const first = new Float32Array(lab.data.sampleShape[0]);
  await lab.data.test.read([0], first, new Int32Array(first.length));
  const newline = encode(["\n"], vocabulary, "The vocabulary")[0];
  const prime = [...first.subarray(0, first.indexOf(newline) + 1 || first.length)];
  const texts: Passage[] = [];
  for (const { name: title, model } of networks) {
    const file = lab.fileOf(NETWORK, model);
    texts.push({ title, text: await generate(lab.engine, file, vocabulary, { prime, ...SAMPLE, seed: lab.seed }) });
  }
  return texts;
}
