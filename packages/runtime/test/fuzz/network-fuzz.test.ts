import { expect, it } from "vitest";
import { nodeEngine } from "../../../espalier/src/engine/node.ts";
import { NetworkFuzzer } from "./network-fuzzer.ts";

/** `npm run fuzz -- network` goes on from any seed. */
const [SEED, ROUNDS] = [1, 60];

it("random networks come out as ONNX Runtime computes them, or are refused", async () => {
  const fuzzer = new NetworkFuzzer(SEED, nodeEngine({ threads: 1 }));
  let [computed, refused] = [0, 0];
  for (let number = 0; number < ROUNDS; number++) {
    const round = await fuzzer.round(number);
    computed += round.computed.length;
    refused += round.refused.length;
  }
  // Not nothing: most of what is drawn is computed.
  expect(computed).toBeGreaterThan(2 * ROUNDS);
  expect(refused).toBeLessThan(computed / 10);
});
