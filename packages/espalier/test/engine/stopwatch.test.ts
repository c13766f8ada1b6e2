import { expect, test } from "vitest";
import { type Runtime, timesOf } from "../../src/engine/stopwatch.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { typedModel } from "../../src/onnx/typed.ts";

test("networks that are alike take alike, whichever runs first in a turn", async () => {
  const alike = typedModel(emptyModel("alike"));
  expect(await timesOf(slowAfterPauses(), [alike, alike])).toEqual([1, 1]);
});

/** A runtime with a clock of its own, whose runs take a millisecond, and two after the event loop was idle. */
function slowAfterPauses(): Runtime {
  let clock = 0;
  let rested = true;
  return {
    name: "slow after pauses",
    now: () => clock,
    async open() {
      return {
        run() {
          clock += rested ? 2 : 1;
          rested = false;
          setTimeout(() => {
            rested = true;
          });
        },
        release() {},
      };
    },
  };
}
