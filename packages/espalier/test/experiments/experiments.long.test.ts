import { afterAll, describe, expect, it } from "vitest";
import type { Dataset, Split } from "../../src/data/dataset.ts";
import { openMnist } from "../../src/data/mnist.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { experiments } from "../../src/experiments/index.ts";
import { Lab, type Shelf, Stopped, type Trained } from "../../src/experiments/lab.ts";
import { renderExperiment } from "../../src/report/experiment.ts";
import { standalone } from "../../src/report/figure.ts";
import { bitsFor } from "../../src/sharing/share.ts";

const mnist = openMnist();
const few = (split: Split, size: number): Split => ({ ...split, size });
/** A little of MNIST: enough to see that each experiment does what it says, not what comes out of it. */
const data: Dataset = {
  ...mnist,
  train: few(mnist.train, 640),
  validation: few(mnist.validation, 250),
  test: few(mnist.test, 250),
};

/** Runs in memory, which all experiments share. */
const kept = new Map<string, Trained>();
const shelf: Shelf = {
  find: (name, settings) => kept.get(`${name} ${settings}`),
  keep: (name, settings, trained) => void kept.set(`${name} ${settings}`, trained),
};

function lab(signal = new AbortController().signal, notes: string[] = []): Lab {
  const engine = nodeEngine({ threads: 1 });
  return new Lab({ engine, data, shelf, seed: 1, quick: true, signal, note: (line) => void notes.push(line) });
}

afterAll(() => kept.clear());

/** Those whose data is MNIST: others are about data of their own. */
const onMnist = [...experiments].flatMap(([name, { data = "mnist" }]) => (data === "mnist" ? [name] : []));

describe("experiments", () => {
  it.each(onMnist)(
    "%s: measures, and shows what it measured",
    async (name) => {
      const experiment = experiments.get(name);
      if (!experiment) throw new Error(`no ${name}`);
      const { measured, table, figures } = await experiment.run(lab());
      const [head, ...rows] = table;
      expect(rows.length).toBeGreaterThan(0);
      for (const row of rows) expect(row).toHaveLength(head.length);
      expect(JSON.stringify(table)).not.toMatch(/NaN|undefined|Infinity/);
      // JSON knows no NaN: it would become null.
      expect(JSON.stringify(measured)).not.toMatch(/null/);
      expect(figures.length).toBeGreaterThan(0);
      expect(new Set(figures.map((figure) => figure.name)).size).toBe(figures.length);
      for (const { picture, caption } of figures) {
        if (picture instanceof Uint8Array) expect(String.fromCharCode(...picture.slice(1, 4))).toBe("PNG");
        else {
          const svg = standalone(picture, caption);
          expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
          expect(svg.match(/xmlns="/g)).toHaveLength(1);
          expect(svg).not.toMatch(/NaN/);
        }
      }
      const page = renderExperiment({ ...experiment, table, figures, command: `espalier reproduce ${name}` });
      expect(page).toContain(experiment.title.replaceAll("'", "&#39;"));
    },
    120_000,
  );

  it("take a run from the shelf instead of doing it again, unless its settings differ", async () => {
    const notes: string[] = [];
    const first = await lab(undefined, notes).dense("lenet-300-100");
    const again = await lab(undefined, notes).dense("lenet-300-100");
    expect(again).toBe(first);
    const { train } = lab().recipe("lenet-300-100");
    await lab(undefined, notes).run("lenet-300-100-dense", first.model, [{ ...train, epochs: 1 }]);
    expect(notes.at(-1)).toMatch(/lenet-300-100-dense: 1\.0x, validation error/);
    expect(notes.length).toBeLessThanOrEqual(2);
  });

  it("keep the runs of another seed apart", async () => {
    const other = lab().seeded(9);
    const { model } = await other.dense("lenet-300-100");
    const { model: ours } = await lab().dense("lenet-300-100");
    expect(model.initializers.get("fc1.weight")).not.toEqual(ours.initializers.get("fc1.weight"));
    expect((await other.dense("lenet-300-100")).model).toBe(model);
    expect([...kept.keys()].some((key) => key.startsWith("lenet-300-100-dense-seed-9 "))).toBe(true);
  });

  it("take shared networks from the shelf with the same errors, unless they were shared otherwise", async () => {
    const notes: string[] = [];
    const own = lab(undefined, notes);
    const { model } = await own.dense("lenet-300-100");
    const plan = { bits: bitsFor(model, [["*", 2]]), epochs: 1 };
    const first = await own.shared("shared", model, plan);
    const again = await own.shared("shared", model, plan);
    expect(again).toEqual({ ...again, before: first.before, after: first.after, untrained: first.untrained });
    expect(again.model).toBe(first.model);
    expect(notes).toHaveLength(1);
    const drawn = await own.shared("shared", model, { ...plan, init: "random" });
    expect(drawn.untrained).not.toEqual(first.untrained);
    expect(notes).toHaveLength(2);
  });

  it("stop when they are told to, keeping what is done", async () => {
    const controller = new AbortController();
    controller.abort();
    const fresh = lab(controller.signal);
    await expect(
      fresh.run("new", fresh.untrained("lenet-300-100"), [fresh.recipe("lenet-300-100").train]),
    ).rejects.toThrow(Stopped);
    expect([...kept.keys()].some((key) => key.startsWith("new "))).toBe(false);
  });
});
