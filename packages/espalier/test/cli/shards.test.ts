import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../src/onnx/write.ts";
import { blobNet } from "../blobs.ts";
import { espalier } from "./espalier.ts";
import { inOwnProcess } from "./own-process.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-shards-"));
const at = (name: string) => join(folder, name);
const net = at("net.onnx");
const data = ["--data", at("blobs.ts"), "--batch", "20"];
const sharded = [...data, "--shards", "3", "--local-steps", "2"];

beforeAll(() => {
  const source = new URL("../blobs.ts", import.meta.url).pathname;
  writeFileSync(at("blobs.ts"), `export { blobs as default } from ${JSON.stringify(source)};`);
  writeFileSync(at("package.json"), '{ "type": "module" }');
  writeFileSync(net, writeModel(blobNet()));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("training on shards", () => {
  const train = ["train", net, ...sharded, "--epochs", "2"];

  it("says how seldom a mean is taken", async () => {
    const { stdout, stderr } = await espalier(...train, "--jobs", "1", "--out", at("here.onnx"), "--json");
    expect(stderr).toContain("Each of 3 shards takes 2 of its 6 steps");
    expect(JSON.parse(stdout)).toMatchObject({ shards: 3, localSteps: 2 });
  });

  it("gives the same file in two processes", async () => {
    expect(await inOwnProcess([...train, "--jobs", "2", "--out", at("beside.onnx")])).toMatchObject({ status: 0 });
    expect(readFileSync(at("beside.onnx"))).toEqual(readFileSync(at("here.onnx")));
  });

  it("retrains a network that is pruned", async () => {
    const words = ["--density", "*=0.5", "--rounds", "1", "--epochs", "1", "--jobs", "1", "--out", at("pruned")];
    const { status, stdout } = await espalier("prune", net, ...sharded, ...words, "--json");
    expect(status).toBe(0);
    expect(JSON.parse(stdout).compressionRate).toBeCloseTo(1.8, 0);
    expect(readFileSync(at("pruned/report.html"), "utf8")).toContain("3, of which the mean is taken every 2 steps");
  });

  it.each([
    [["--local-steps", "2"], /--local-steps is about training on shards: give --shards too/],
    [["--jobs", "2"], /--jobs is about training on shards: give --shards too/],
    [["--queue", "redis://127.0.0.1:1"], /--queue is about training on shards: give --shards too/],
    [["--store", "store"], /--store is about training on shards: give --shards too/],
    [["--shards", "2", "--store", "store"], /--store is what the workers of a queue share: give --queue too/],
    [["--shards", "2", "--queue", "redis://127.0.0.1:1"], /in their store: give it as --store too/],
    [["--shards", "2", "--queue", "127.0.0.1:1", "--store", at("s")], /The address of the queue is none/],
    [["--shards", "2", "--queue", "redis://127.0.0.1:1", "--jobs", "2"], /leave out --jobs, or --queue/],
    [["--shards", "30"], /larger than the 13 training samples that each of 30 shards/],
    [["--shards", "0"], /number of shards/],
  ])("refuses %s", async (words, sentence) => {
    const { status, stderr } = await espalier("train", net, ...data, ...words, "--out", at("none.onnx"));
    expect(status).toBe(2);
    expect(stderr).toMatch(sentence);
  });

  it("is not for texts, and not where nothing is trained", async () => {
    writeFileSync(at("text.txt"), "so it goes on and on. ".repeat(400));
    const text = ["train", "gru", "--data", `text:${at("text.txt")}`, "--shards", "2", "--out", at("none.onnx")];
    expect(await espalier(...text)).toMatchObject({ status: 2, stderr: expect.stringContaining("follow each other") });
    const unlabeled = ["prune", net, ...data, "--unlabeled", "--rate", "2", "--shards", "2", "--out", at("none")];
    expect(await espalier(...unlabeled)).toMatchObject({ status: 2, stderr: expect.stringContaining("--shards") });
  });
});
