import { describe, expect, it } from "vitest";
import type { Split } from "../../src/data/dataset.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { prepared } from "../../src/reconstruction/prepared.ts";
import { Walk } from "../../src/reconstruction/walk.ts";
import { blobNet, blobs } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });

describe("a walk through a network", () => {
  it.each([
    [400, 400],
    [20_000, 4096],
  ])("with %i samples holds %i at most, from all of the split", async (size, most) => {
    const data = blobs({ train: size, validation: 10, test: 10 });
    const read: number[] = [];
    const train: Split = {
      size,
      read(indices, into) {
        read.push(...Array.from(indices));
        return data.train.read(indices, into);
      },
    };
    const annotated = await prepared(engine, blobNet(), { ...data, train });
    const walk = await Walk.begin(engine, annotated, { ...data, train });
    const held = walk.values.reduce((sum, values) => sum + Object.values(values)[0].dims[0], 0);
    expect(held).toBe(read.length);
    expect(held).toBeLessThanOrEqual(most);
    expect(held).toBeGreaterThan(0.9 * most);
    expect(new Set(read).size).toBe(read.length);
    expect(Math.min(...read)).toBe(0);
    expect(Math.max(...read)).toBeGreaterThan(0.9 * size - 1);
  });
});
