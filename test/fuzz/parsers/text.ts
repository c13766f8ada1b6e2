import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openText } from "../../../packages/espalier/src/data/node/text.ts";
import { join as joined, type Unit } from "../../../packages/espalier/src/data/text/vocabulary.ts";
import { mutated, oneOf } from "../mutate/bytes.ts";
import { mutatedText } from "../mutate/text.ts";
import { type Target, unlessRefused } from "../target.ts";
import { readSome } from "./samples.ts";

const TEXTS = [
  "The tree was trained, pruned and trained again: it bore (nearly) all its fruit.\nSo did we; isn't that odd?\n",
  "Ein Spalier trägt Äpfel.\r\nДерево растёт\r\n木は育つ 🌳🌳 e\u0301 — fin.\r\n",
].map((text) => text.repeat(3));

/** Texts as data. */
export const text: Target = {
  share: 8,
  open(scratch) {
    const path = join(scratch, "fuzz.txt");
    return (draw) => {
      const unit = oneOf<Unit>(draw, ["characters", "words"]);
      const window = oneOf(draw, [1, 2, 8]);
      const changed = mutatedText(draw, oneOf(draw, TEXTS), TEXTS);
      const packed = draw.below(8);
      const bytes = packed > 1 ? changed : packed ? gzipSync(changed) : mutated(draw, gzipSync(changed));
      return {
        kind: `${unit}${packed > 1 ? "" : ", packed"}`,
        parts: [bytes],
        async read([file]) {
          writeFileSync(path, file);
          const found = await unlessRefused(async () => {
            const data = openText(path, { unit, window, words: 20 });
            await readSome(data);
            return joined(data.vocabulary?.tokens ?? [], unit);
          });
          return found !== undefined;
        },
      };
    };
  },
};
