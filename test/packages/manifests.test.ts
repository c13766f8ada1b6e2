import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const manifest = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"));
const workspace = manifest("package.json");
const runtime = manifest("packages/runtime/package.json");
const espalier = manifest("packages/espalier/package.json");

describe("the packages", () => {
  it("have one version, and espalier depends on the runtime of that very version", () => {
    expect([runtime.version, espalier.version]).toEqual([workspace.version, workspace.version]);
    expect(espalier.dependencies["espalier-runtime"]).toBe(runtime.version);
  });

  it("need the same Node", () => {
    expect([runtime.engines, espalier.engines]).toEqual([workspace.engines, workspace.engines]);
  });

  it("can be installed where onnxruntime-node cannot", () => {
    expect(espalier.optionalDependencies).toHaveProperty("onnxruntime-node");
    expect(espalier.dependencies).not.toHaveProperty("onnxruntime-node");
  });

  it("leave what queues and stores need to those who use them", () => {
    const needed = Object.keys(espalier.peerDependencies);
    expect(needed).toEqual(["@aws-sdk/client-s3", "bullmq", "ioredis"]);
    expect(needed.filter((name) => name in { ...espalier.dependencies, ...espalier.optionalDependencies })).toEqual([]);
    expect(needed.filter((name) => !espalier.peerDependenciesMeta[name].optional)).toEqual([]);
    expect(needed.filter((name) => workspace.devDependencies[name] !== espalier.peerDependencies[name])).toEqual([]);
  });

  it("run no scripts where they are installed", () => {
    for (const { scripts = {} } of [runtime, espalier]) {
      expect(Object.keys(scripts)).not.toEqual(expect.arrayContaining([expect.stringMatching(/install$|^prepare$/)]));
    }
  });

  it("bring nothing to a page: the runtime has no dependency", () => {
    const kinds = ["dependencies", "optionalDependencies", "peerDependencies"];
    expect(kinds.filter((kind) => kind in runtime)).toEqual([]);
  });
});
