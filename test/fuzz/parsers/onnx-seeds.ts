import { readdirSync, readFileSync } from "node:fs";
import { writeModel } from "../../../packages/espalier/src/onnx/write.ts";
import { random } from "../../../packages/espalier/src/random.ts";
import { blobNet, normNet } from "../../../packages/espalier/test/blobs.ts";
import { vectors } from "../../../packages/espalier/test/coding/vectors.ts";
import { Draft } from "../../../packages/runtime/test/fuzz/draft.ts";
import { makers } from "../../../packages/runtime/test/fuzz/makers.ts";

const FIXTURES = ["cases", "exports", "onnx", "pytorch"];
/** So many random networks are drawn. */
const DRAWN = 120;
/** Of larger files, a change is rarely where it matters. */
const LARGEST = 2 ** 13;

/** Small models of all kinds: our own, those that others export, and random ones, of every operator that is drawn. */
export function onnxSeeds(): Uint8Array[] {
  const own = [blobNet(1), normNet(1)].map((model) => writeModel(model));
  const others = FIXTURES.flatMap((folder) => {
    const url = new URL(`../../../packages/espalier/test/fixtures/${folder}/`, import.meta.url);
    const names = readdirSync(url).filter((name) => name.endsWith(".onnx"));
    return names.map((name) => new Uint8Array(readFileSync(new URL(name, url))));
  });
  const drawn = Array.from({ length: DRAWN }, (_, number) => drawnModel(number));
  return [...own, ...others, ...vectors.map(({ onnx }) => onnx), ...drawn].filter(({ length }) => length <= LARGEST);
}

/** A few nodes that read each other's values where they may. */
function drawnModel(number: number): Uint8Array {
  const draw = random(1, "drawn", number);
  const draft = new Draft(draw, draw.below(15) + 7);
  for (let wanted = 1 + draw.below(4); wanted > 0; wanted--) {
    const made = draft.of(makers)(draft);
    if (!made) continue;
    const outputs = Array.from({ length: made.outputs ?? 1 }, () => draft.fresh(made.op));
    const inputs = made.inputs.map((input) => input?.name ?? "");
    draft.model.nodes.push({
      name: outputs[0],
      op: made.op,
      domain: "",
      inputs,
      outputs,
      attributes: made.attributes ?? {},
    });
    draft.model.outputs.push(...outputs.map((name) => ({ name })));
  }
  return writeModel(draft.model);
}
