import { describe, expect, it } from "vitest";
import { nodeEngine } from "../../src/engine/node.ts";
import { countParameters } from "../../src/library/network.ts";
import { networks } from "../../src/models/index.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { layerTable } from "../../src/report/layer-table.ts";

const build = (name: string, seed = 1) => {
  const network = networks.get(name);
  if (!network) throw new Error(name);
  return network.build({ seed });
};

describe("the LeNets", () => {
  it.each([
    ["lenet-300-100", 266_610, { fc1: 235_200, fc2: 30_000, fc3: 1_000 }],
    ["lenet-5", 431_080, { conv1: 288_000, conv2: 1_600_000, fc1: 400_000, fc2: 5_000 }],
  ])("%s has the published number of parameters, and multiplications", async (name, parameters, macs) => {
    const model = build(name);
    expect(countParameters(model).parameters).toBe(parameters);
    const rows = await layerTable(nodeEngine({ threads: 1 }), model);
    expect(Object.fromEntries(rows.map((row) => [row.name, row.macs]))).toEqual(macs);
  });

  it("are the same from the same seed, and others from another", () => {
    expect(writeModel(build("lenet-5"))).toEqual(writeModel(build("lenet-5")));
    expect(writeModel(build("lenet-5", 2))).not.toEqual(writeModel(build("lenet-5")));
  });
});
