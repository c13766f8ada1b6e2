import { describe, expect, it } from "vitest";
import { adopt } from "../../src/adoption/adopt.ts";
import { streams } from "../../src/data/streams.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { float32, floatsOf, isFloat32 } from "../../src/onnx/tensor.ts";
import { prepared } from "../../src/reconstruction/prepared.ts";
import { Walk } from "../../src/reconstruction/walk.ts";
import { layerTable } from "../../src/report/layer-table.ts";
import { ALL } from "../../src/tasks/imitate.ts";
import { evaluate } from "../../src/training/evaluate.ts";
import { gatherEvidence } from "../../src/training/evidence.ts";
import { imitationOf } from "../../src/training/imitation.ts";
import { withParameters } from "../../src/training/parameters.ts";
import { evaluateVariants } from "../../src/training/variants.ts";
import { listener, recordings } from "../listener.ts";

const engine = nodeEngine({ threads: 1 });
const data = recordings(4);
const apart = {
  ...data,
  train: { ...data.train, stream: undefined },
  validation: { ...data.validation, stream: undefined },
};

/** The listener, and data that has what it says for targets. */
async function imitated(given: typeof data) {
  const adopted = await adopt(engine, listener(), { data: given, form: ALL });
  return { model: adopted.model, imitation: await imitationOf(engine, adopted, given) };
}

describe("states of a network, where samples follow each other", () => {
  it("are those that it has there, wherever layers are looked at", async () => {
    const { model } = await imitated(data);
    const annotated = await prepared(engine, model, data);
    const walk = await Walk.begin(engine, annotated, data);
    const states = walk.values.map(({ state }) => floatsOf(state));
    expect(states).toHaveLength(40);
    expect(states[0].every((value) => value === 0)).toBe(true);
    for (const state of states.slice(1)) expect(state.every((value) => value !== 0)).toBe(true);
    // What layers read then is what they read in the whole recording: the state behind a frame is that before the next.
    await walk.advance(new Map(), ["v"]);
    const hidden = walk.values.map((values) =>
      Object.values(values)
        .map(floatsOf)
        .find(({ length }) => length === 24),
    );
    expect(hidden[4]).toEqual(states[5].slice(0, 24));
  });

  it("matter to each variant of a weight", async () => {
    const { model, imitation } = await imitated(data);
    const { task, data: own } = imitation;
    const annotated = await prepared(engine, model, own);
    const variants = [0.5, 1].map((factor) => {
      const r = model.initializers.get("r.c");
      if (!isFloat32(r)) throw new Error("no weights");
      return float32(
        r.dims,
        r.data.map((w) => factor * w),
      );
    });
    const found = await evaluateVariants(engine, annotated, "r.c", variants, own, task);
    for (const [i, variant] of variants.entries()) {
      const whole = await evaluate(
        engine,
        withParameters(model, new Map([["r.c", variant]])),
        own,
        own.validation,
        task,
      );
      expect(found[i].loss).toBeCloseTo(whole.loss, 5);
    }
    expect(found[0].loss).toBeGreaterThan(10 * found[1].loss + 0.01);
    await imitation.release();
  });

  it("reach the evidence of criteria, and begin at zero where samples are apart", async () => {
    const squares = async (given: typeof data) => {
      const { model, imitation } = await imitated(given);
      const other = withParameters(model, new Map([["v", float32([6, 1], new Float32Array(6).fill(1))]]));
      const options = { batch: 4, seed: 1, wanted: "gradients", task: imitation.task } as const;
      const { square } = await gatherEvidence(engine, other, imitation.data, ["r.c"], options);
      await imitation.release();
      return square.get("r.c")?.data.reduce((sum, value) => sum + value, 0) ?? 0;
    };
    expect(await squares(apart)).toBe(0);
    expect(await squares(data)).toBeGreaterThan(1e-6);
  });

  it("leave means over as many batches as there are, where some samples fill none", async () => {
    const given = recordings(5);
    const { model, imitation } = await imitated(given);
    const other = withParameters(model, new Map([["v", float32([6, 1], new Float32Array(6).fill(1))]]));
    const squares = async (batches: number) => {
      const options = { batch: 7, seed: 1, wanted: "gradients", task: imitation.task, batches } as const;
      return (await gatherEvidence(engine, other, imitation.data, ["r.c"], options)).square;
    };
    const full = [...streams(given.train, 7, true)].length;
    expect(full).toBeLessThan(200 / 7 - 1);
    expect(await squares(28)).toEqual(await squares(full));
    await imitation.release();
  });

  it("are carried where activations are counted", async () => {
    const { model } = await imitated(data);
    const rows = await layerTable(engine, model, data);
    expect(rows.find(({ name }) => name === "v")?.activations).toBe(1);
  });
});
