import { batchOf } from "../data/dataset.ts";
import { encode, type Vocabulary } from "../data/text/vocabulary.ts";
import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { layersOf } from "../operators/layers.ts";
import { countNonzero } from "../pruning/mask.ts";
import { curveChart } from "../report/curves.ts";
import { type LayerRow, layerTable } from "../report/layer-table.ts";
import { bitsPerCharacter } from "../tasks/measures/token-loss.ts";
import { tokens } from "../tasks/tokens.ts";
import { evaluate } from "../training/evaluate.ts";
import { generate } from "../training/generate.ts";
import { prunedByParts, type Shown } from "./by-parts.ts";
import type { Experiment, ExperimentResult, Passage } from "./experiment.ts";
import type { Lab } from "./lab.ts";

/** A network for text, and how far it is pruned: the densities of its recipe, which make 10x, to these powers. */
interface Pruned {
  readonly network: string;
  readonly units: number;
  readonly parts: readonly number[];
}

const SAMPLE = { length: 300, temperature: 0.7 };

/** Recurrent networks. */
export const lstm: Experiment = {
  title: "A recurrent network for text",
  claim: "An LSTM loses nine of ten connections and writes as well (Han's thesis, on NeuralTalk).",
  data: "text",
  run: (lab) =>
    pruneAll(lab, "lstm", [
      { network: "lstm", units: 256, parts: [0.45, 0.68, 1, 1.36] },
      { network: "lstm-512", units: 512, parts: [1] },
    ]),
};

/** A transformer. */
export const gpt: Experiment = {
  title: "A small GPT for text",
  claim:
    "It has no transformer; an LSTM loses nine of ten connections and writes as well (Han's thesis, on NeuralTalk).",
  data: "text",
  run: (lab) => pruneAll(lab, "gpt", [{ network: "gpt", units: 128, parts: [0.45, 0.68, 1, 1.36] }]),
};

/** Prunes networks for text by several rates, against the dense ones that are trained for as long at the same rates. */
async function pruneAll(lab: Lab, name: string, networks: readonly Pruned[]): Promise<ExperimentResult> {
  const { vocabulary } = lab.data;
  if (!vocabulary) throw new UserError("This experiment is about a text: give one as its data.");
  const sizes: Size[] = [];
  const texts: Passage[] = [];
  for (const { network, units, parts } of lab.quick ? networks.slice(0, 1) : networks) {
    const { dense, control, pruned, full, epochs } = await prunedByParts(lab, network, parts);
    const rows: Row[] = [];
    for (const shown of [dense, control, ...pruned]) rows.push(await measure(lab, shown, units));
    sizes.push({ network, rows, epochs, layers: await layerTable(lab.engine, full) });
    for (const { name, model } of [dense, ...pruned]) {
      texts.push({
        title: `${units} units, ${name}`,
        text: await written(lab, lab.fileOf(network, model), vocabulary),
      });
    }
  }
  return {
    measured: { sizes },
    table: [
      ["units", "", "connections", "density %", "validation, bits per character", "test, bits per character"],
      ...sizes.flatMap(({ rows }) =>
        rows.map(({ units, name, connections, density, validation, test }) => [
          units,
          name,
          connections.toLocaleString("en"),
          (100 * density).toFixed(1),
          validation.toFixed(3),
          test.toFixed(3),
        ]),
      ),
    ],
    figures: [{ name, caption: CAPTION, picture: picture(sizes) }],
    texts,
  };
}

const CAPTION =
  "Bits per character of the validation part against connections; all but the dense networks that they begin from are trained for as many epochs more.";

/** How well a network tells the characters of the parts that it did not learn from. */
interface Row {
  readonly units: number;
  readonly name: string;
  readonly connections: number;
  readonly density: number;
  readonly validation: number;
  readonly test: number;
}

/** A network of one size: dense, trained on, and pruned. */
interface Size {
  readonly network: string;
  readonly rows: readonly Row[];
  readonly epochs: number;
  readonly layers: readonly LayerRow[];
}

async function measure({ engine, data }: Lab, { name, density, model }: Shown, units: number): Promise<Row> {
  const bits = async (split: "validation" | "test") =>
    (await evaluate(engine, model, data, data[split], tokens(data, { measure: bitsPerCharacter }))).value;
  const connections = layersOf(model).reduce((sum, { tensor }) => sum + countNonzero(tensor), 0);
  return { units, name, connections, density, validation: await bits("validation"), test: await bits("test") };
}

/** Curves from the dense network that was trained as long to the smallest one. */
function picture(sizes: readonly Size[]) {
  const points = sizes.flatMap(({ rows: [, ...rows] }) =>
    rows.map(({ units, connections, validation }) => ({ series: `${units} units`, x: connections, y: validation })),
  );
  return curveChart(points, {
    x: { label: "connections", type: "log", reverse: true, tickFormat: "~s" },
    y: { label: "bits per character" },
  });
}

/** What a network writes behind the first line of the test part, by the same random numbers as each other. */
async function written(lab: Lab, file: Model, vocabulary: Vocabulary): Promise<string> {
  const { inputs, test } = lab.data;
  const { arrays } = batchOf(inputs, 1);
  await test.read([0], arrays);
  const first = Array.from<number | bigint, number>(arrays[inputs[0].name], Number);
  const newline = encode(["\n"], vocabulary, "The vocabulary")[0];
  const prime = first.slice(0, first.indexOf(newline) + 1 || first.length);
  return generate(lab.engine, file, vocabulary, { prime, ...SAMPLE, seed: lab.seed });
}
