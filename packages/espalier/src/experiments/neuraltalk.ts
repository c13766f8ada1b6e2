import { encode as encodePng } from "fast-png";
import { END, openScenes, type Scenes } from "../data/scenes/open.ts";
import { SIDE } from "../data/scenes/render.ts";
import { divide, join } from "../data/text/vocabulary.ts";
import type { Model } from "../onnx/graph.ts";
import { layerTable } from "../report/layer-table.ts";
import { bleu } from "../training/bleu.ts";
import { caption } from "../training/caption.ts";
import { prunedByParts } from "./by-parts.ts";
import type { Experiment } from "./experiment.ts";
import type { Lab } from "./lab.ts";

const NETWORK = "neuraltalk";
/** How far the dense network is pruned: the densities of its recipe, which make 10x as in the thesis, to these powers. */
const PARTS = [0.69, 1, 1.35];
/** Scenes whose captions are shown. */
const SHOWN = 6;

/** From pictures to captions, dense and pruned. */
export const neuraltalk: Experiment = {
  title: "NeuralTalk: captions before and after pruning",
  claim: "NeuralTalk loses 90% of its connections, and its captions stay as good (BLEU; Han's thesis, section 3.5).",
  data: "scenes",
  async run(lab) {
    const scenes = openScenes();
    const { dense, control, pruned, full } = await prunedByParts(lab, NETWORK, PARTS);
    const rows: Row[] = [];
    const shown: (readonly string[])[] = [];
    for (const { name, model, density } of [dense, control, ...pruned]) {
      const validation = await captionsOf(lab, scenes, model, "validation");
      const test = await captionsOf(lab, scenes, model, "test");
      rows.push({
        name,
        density,
        validation: score(validation, scenes, "validation"),
        test: score(test, scenes, "test"),
      });
      shown.push(validation.slice(0, SHOWN));
    }
    return {
      measured: {
        network: NETWORK,
        rows,
        captions: shown,
        layers: await layerTable(lab.engine, full),
      },
      table: [
        ["", "density %", "validation BLEU", "test BLEU"],
        ...rows.map(({ name, density, validation, test }) => [
          name,
          (100 * density).toFixed(1),
          validation.toFixed(1),
          test.toFixed(1),
        ]),
      ],
      figures: shown[0].map((_, i) => ({
        name: `neuraltalk-${i + 1}`,
        caption: rows.map(({ name }, k) => `${name}: ${shown[k][i]}`).join("; "),
        picture: pictureOf(scenes, i),
      })),
    };
  },
};

/** BLEU, 0 to 100, on the parts that a network did not learn from. */
interface Row {
  readonly name: string;
  readonly density: number;
  readonly validation: number;
  readonly test: number;
}

type Part = "validation" | "test";

async function captionsOf({ engine }: Lab, scenes: Scenes, model: Model, part: Part): Promise<string[]> {
  const { tokens } = scenes.vocabulary;
  const said = await caption(engine, model, scenes, scenes[part], { words: "words", end: tokens.indexOf(END) });
  return said.map((caption) =>
    join(
      caption.map((token) => tokens[token]),
      "words",
    ),
  );
}

function score(captions: readonly string[], { references }: Scenes, part: Part): number {
  const words = (caption: string) => divide(caption, "words");
  return bleu(
    captions.map(words),
    references[part].map((captions) => captions.map(words)),
  );
}

function pictureOf(scenes: Scenes, scene: number): Uint8Array {
  const planes = scenes.picture("validation", scene);
  const pixels = SIDE * SIDE;
  const data = Uint8Array.from({ length: 3 * pixels }, (_, i) => planes[(i % 3) * pixels + Math.floor(i / 3)]);
  return encodePng({ width: SIDE, height: SIDE, data, channels: 3, depth: 8 });
}
