import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readClasses } from "../../../packages/espalier/src/data/images/classes.ts";
import { readLabelFile } from "../../../packages/espalier/src/data/images/label-file.ts";
import { findLabels } from "../../../packages/espalier/src/data/images/labels.ts";
import { oneOf } from "../mutate/bytes.ts";
import { mutatedText } from "../mutate/text.ts";
import { type Target, unlessRefused } from "../target.ts";

const FILES = ["a.jpg", "b/c d.png", "n01440764_tench.jpg"];

/** Labels, and the list of their classes, or none where they are numbers. */
const PAIRS: readonly (readonly [labels: string, classes: string])[] = [
  ['file,label\na.jpg,0\n"b/c d.png",1\nn01440764_tench.jpg,2\n', ""],
  ['a.jpg,cat\r\n./b/c d.png,"dog, ""big"""\r\nn01440764_tench.jpg,cat\r\n', 'cat\r\ndog, "big"\r\n'],
  ["\ufeffimage,label\na.jpg,n01440764\nb/c d.png,7\nn01440764_tench.jpg,7", "n01440764 tench, Tinca tinca\n7\n"],
];
const LABELS = PAIRS.map(([labels]) => labels);
const CLASSES = PAIRS.map(([, classes]) => classes);

/** Labels of photographs in CSV files, and lists of classes. */
export const csv: Target = {
  share: 12,
  open(scratch) {
    const [labels, classes] = [join(scratch, "labels.csv"), join(scratch, "classes.txt")];
    const readAlone = async ([file]: readonly Uint8Array[]) => {
      writeFileSync(labels, file);
      return (await unlessRefused(() => readLabelFile(labels))) !== undefined;
    };
    const readList = async ([file]: readonly Uint8Array[]) => {
      writeFileSync(classes, file);
      return (await unlessRefused(() => readClasses(classes))) !== undefined;
    };
    const readBoth = async ([file, list]: readonly Uint8Array[]) => {
      writeFileSync(labels, file);
      writeFileSync(classes, list);
      const given = list.length > 0 ? { labels, classes } : { labels, outputs: 10 };
      const found = await unlessRefused(() => findLabels(scratch, [{ prefix: "", files: FILES }], given).labels);
      if (found?.value?.of.some((label) => !(label >= 0 && label < (found.value?.classes ?? 0)))) {
        throw new Error(`The labels [${found.value.of}] are of ${found.value.classes} classes.`);
      }
      return found !== undefined;
    };
    const encoded = (text: string) => new TextEncoder().encode(text);
    return (draw) => {
      const [labels, classes] = oneOf(draw, PAIRS);
      const [label, list] = [mutatedText(draw, labels, LABELS), mutatedText(draw, classes, CLASSES)];
      switch (draw.below(4)) {
        case 0:
          return { kind: "labels alone", parts: [label], read: readAlone };
        case 1:
          return { kind: "classes alone", parts: [list], read: readList };
        case 2:
          return { kind: "labels, classes changed", parts: [encoded(labels), list], read: readBoth };
        default:
          return { kind: "labels changed", parts: [label, encoded(classes)], read: readBoth };
      }
    };
  },
};
