import { trainableForm } from "../../../packages/espalier/src/adoption/trainable-form.ts";
import { encodeFile } from "../../../packages/espalier/src/coding/encode.ts";
import { preprocessingOf } from "../../../packages/espalier/src/data/preprocessing.ts";
import { statedVocabulary } from "../../../packages/espalier/src/data/text/vocabulary.ts";
import type { Model } from "../../../packages/espalier/src/onnx/graph.ts";
import { inlineFunctions } from "../../../packages/espalier/src/onnx/inline.ts";
import { readModel } from "../../../packages/espalier/src/onnx/read.ts";
import { upgrade } from "../../../packages/espalier/src/onnx/upgrade.ts";
import { writeModel } from "../../../packages/espalier/src/onnx/write.ts";
import { layersOf } from "../../../packages/espalier/src/operators/layers.ts";
import type { Random } from "../../../packages/espalier/src/random.ts";
import { obstacles } from "../../../packages/espalier/src/training/obstacles.ts";
import { decode } from "../../../packages/runtime/src/codec/whole.ts";
import { Network } from "../../../packages/runtime/src/network/network.ts";
import { mutated, oneOf } from "../mutate/bytes.ts";
import { mutatedMessage } from "../mutate/protobuf.ts";
import { type Target, unlessRefused } from "../target.ts";
import { feedsFor } from "./feeds.ts";
import { onnxSeeds } from "./onnx-seeds.ts";

/** A model with its bytes or, mostly, its fields changed. */
export function changedModel(draw: Random, seeds: readonly Uint8Array[]): { kind: string; bytes: Uint8Array } {
  const own = oneOf(draw, seeds);
  if (draw.below(6) === 0) return { kind: "bytes", bytes: mutated(draw, own, seeds) };
  return { kind: "fields", bytes: mutatedMessage(draw, own, seeds) };
}

/** What is read of a model without running it. */
export function look(model: Model): void {
  layersOf(model, { nested: true });
  preprocessingOf(model.metadata);
  statedVocabulary(model.metadata);
}

/** ONNX models: read, written, coded, made ready for training, and run by the sparse runtime. */
export const onnx: Target = {
  share: 8,
  open() {
    const seeds = onnxSeeds();
    return (draw) => {
      const { kind, bytes } = changedModel(draw, seeds);
      const [further, seed] = [draw.below(8), draw.below(1000)];
      return {
        kind,
        parts: [bytes],
        async read([file]) {
          const read = await unlessRefused(() => readModel(file));
          if (read) {
            await checkAgain(read.value);
            await unlessRefused(() => look(read.value));
            await unlessRefused(() => upgrade(read.value));
            await unlessRefused(() => obstacles(trainableForm(inlineFunctions(read.value)).model));
          }
          if (further === 0) await checkCoding(file);
          if (further < 5) await run(file, seed);
          return read !== undefined;
        },
      };
    };
  },
};

/** What was read can be written, and read again the same. */
async function checkAgain(model: Model): Promise<void> {
  const written = await unlessRefused(() => writeModel(model));
  if (!written) return;
  const again = readModel(written.value);
  if (!Buffer.from(writeModel(again)).equals(written.value)) throw new Error("It is another model when written again.");
}

/** Whatever a file holds, it comes back. */
async function checkCoding(file: Uint8Array): Promise<void> {
  const esp = await unlessRefused(() => encodeFile(file, { mode: "static" }));
  if (esp && !Buffer.from(decode(esp.value)).equals(file)) throw new Error("It is another file when decoded.");
}

/** Loads a network and runs it on zeros or small numbers. */
export async function run(file: Uint8Array, seed: number): Promise<void> {
  await unlessRefused(async () => {
    const network = await Network.load(file, { threads: 1 });
    const feeds = feedsFor(file, network.inputs, seed);
    if (feeds) network.run(feeds);
  });
}
