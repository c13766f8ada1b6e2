import { nodeEngine } from "../../../packages/espalier/src/engine/node.ts";
import { readModel } from "../../../packages/espalier/src/onnx/read.ts";
import { writeModel } from "../../../packages/espalier/src/onnx/write.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../../packages/espalier/src/pruning/checkpoint.ts";
import { storeResults } from "../../../packages/espalier/src/pruning/results-json.ts";
import type { Round } from "../../../packages/espalier/src/pruning/round.ts";
import { type RoundsState, runRounds } from "../../../packages/espalier/src/pruning/rounds.ts";
import { blobNet, blobs } from "../../../packages/espalier/test/blobs.ts";
import { mutated, oneOf } from "../mutate/bytes.ts";
import { mutatedJson } from "../mutate/json.ts";
import { mutatedMessage } from "../mutate/protobuf.ts";
import { type Target, unlessRefused } from "../target.ts";

const SETTINGS = "as before";
const KEY = "espalier.checkpoint";
const OPTIONS = { batch: 20, seed: 1 };

const epoch = { epoch: 1, loss: 1.5, validation: 40, validationLoss: 1.25, learningRate: 0.01 };
/** The results of a round, as JSON holds them. */
export const RESULTS = storeResults([
  {
    name: "round 1",
    density: 0.5,
    pruned: 60,
    bestEpoch: 1,
    validation: 40,
    layers: { "fc1.weight": 0.5 },
    verdict: { accepted: true, best: true },
    epochs: [epoch],
  },
]);

const ROUNDS: readonly Round[] = ["first", "second"].map((name) => ({
  name,
  epochs: 2,
  learningRate: { policy: "cosine", rate: 0.01, final: 0.001 },
  optimizer: { name: "sgd", momentum: 0.9 },
}));

/** The states of a small run, one for each of its epochs. */
async function states(): Promise<RoundsState[]> {
  const found: RoundsState[] = [];
  const data = blobs({ train: 40, validation: 20, test: 20 });
  await runRounds(nodeEngine({ threads: 1 }), blobNet(), data, ROUNDS, {
    ...OPTIONS,
    onEpoch: (state) => void found.push(state),
  });
  return found;
}

/** A checkpoint with another text in its metadata. */
function withMetadata(bytes: Uint8Array, change: (text: string) => string): Uint8Array {
  const model = readModel(bytes);
  model.metadata.set(KEY, change(model.metadata.get(KEY) ?? ""));
  return writeModel(model);
}

/** Checkpoints of runs: decoded, and now and then gone on from. */
export const checkpoint: Target = {
  share: 2,
  async open() {
    const engine = nodeEngine({ threads: 1 });
    const seeds = (await states()).map((state) => encodeCheckpoint(state, SETTINGS));
    const resumed = async (state: RoundsState) => {
      const data = blobs({ train: 40, validation: 20, test: 20 });
      await runRounds(engine, blobNet(), data, ROUNDS, { ...OPTIONS, resume: state });
    };
    return (draw) => {
      const own = oneOf(draw, seeds);
      const form = draw.below(4);
      const goesOn = draw.below(8) === 0;
      const bytes =
        form === 0
          ? mutated(draw, own, seeds)
          : form === 1
            ? withMetadata(own, (text) => mutatedJson(draw, text))
            : mutatedMessage(draw, own, seeds);
      return {
        kind: `${["bytes", "metadata", "fields", "fields"][form]}${goesOn ? ", resumed" : ""}`,
        parts: [bytes],
        async read([file]) {
          const state = await unlessRefused(() => decodeCheckpoint(file, SETTINGS, "The file"));
          if (state && goesOn) return (await unlessRefused(() => resumed(state.value))) !== undefined;
          return state !== undefined;
        },
      };
    };
  },
};
