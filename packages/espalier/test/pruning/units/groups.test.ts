import { describe, expect, it } from "vitest";
import { annotate } from "../../../src/engine/annotate.ts";
import { nodeEngine } from "../../../src/engine/node.ts";
import { flowOf } from "../../../src/pruning/units/flow.ts";
import { type UnitGroup, unitGroups } from "../../../src/pruning/units/groups.ts";
import { type Build, Net, tokens, UNITS } from "../../operators/net.ts";
import { followed } from "../../operators/units-networks.ts";

const engine = nodeEngine({ threads: 1 });

async function groupsOf(build: Build): Promise<UnitGroup[]> {
  const net = new Net(1);
  net.model.outputs.push({ name: build(net) });
  const typed = await annotate(engine, net.model, { batch: 1 });
  return unitGroups(typed, flowOf(typed));
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("groups of coupled units", () => {
  it("have the layers whose outputs are added", async () => {
    const [group, output] = await groupsOf((net) => {
      const x = net.input(["batch", 6, 5]);
      return net.dense(net.emit("Add", [net.dense(x, 5), net.emit("Relu", [net.dense(x, 5)])]), UNITS, 3);
    });
    expect(group).toMatchObject({ units: UNITS, free: UNITS, parts: 1, pinned: [] });
    expect(group.layers).toHaveLength(2);
    expect(group.members.map(({ role }) => role).sort()).toEqual(["holds", "holds", "makes", "makes", "reads"]);
    expect(output).toMatchObject({ units: 3, free: 0 });
    expect(output.pinned).toEqual([{ units: 3, why: expect.stringMatching(/^are the network's output "/) }]);
  });

  it("say where units lie behind Flatten, and where in Concat", async () => {
    const [flat] = await groupsOf((net) => {
      const value = net.emit("Flatten", [net.conv(net.input(["batch", 3, 3, 3]), 3, 2)]);
      return net.emit("Gemm", [value, net.weights(8, 3)]);
    });
    expect(flat.members.find(({ role }) => role === "reads")).toMatchObject({ units: [0, 0, 0, 0, 1, 1, 1, 1] });
    const [first, second] = await groupsOf((net) => {
      const x = net.input(["batch", 5]);
      const joined = net.emit("Concat", [net.dense(x, 5, 2), net.dense(x, 5, 2)], { axis: { kind: "int", value: 1 } });
      return net.dense(joined, 4, 2);
    });
    const reads = ({ members }: UnitGroup) => members.find(({ role }) => role === "reads")?.units;
    expect([reads(first), reads(second)]).toEqual([
      [0, 1, -1, -1],
      [-1, -1, 0, 1],
    ]);
  });

  it.each([
    ["attention by heads", 3],
    ["heads of queries, keys and values in one", 3],
  ])("take whole heads of %s", async (name, size) => {
    const [group] = await groupsOf(followed[name]);
    expect(group).toMatchObject({ units: 4, free: 4 });
    const read = group.members.find(({ role }) => role === "reads");
    expect(read?.units).toEqual(range(4 * size).map((i) => Math.floor(i / size)));
  });

  it("keep the parts of a convolution in groups even", async () => {
    const groups = await groupsOf(followed["convolutions in groups"]);
    expect(groups.map(({ parts }) => parts)).toContain(2);
  });

  it("say why units stay", async () => {
    const [normalized] = await groupsOf(
      tokens((net, value) => net.emit("LayerNormalization", [value, net.weights(UNITS), net.weights(UNITS)])),
    );
    expect(normalized).toMatchObject({ units: UNITS, free: 0 });
    expect(normalized.pinned[0].why).toMatch(/^are averaged over by LayerNormalization "/);
    // Scale and shift, and the reader behind it, are of these units all the same.
    expect(normalized.members).toHaveLength(5);
    const [mixed] = await groupsOf(tokens((net, value) => net.emit("Softmax", [value])));
    expect(mixed.pinned[0].why).toMatch(/^are mixed or cut by Softmax "/);
  });
});
