import { execFileSync, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimFolder, releaseClaims } from "../../src/cli/claims.ts";
import { writeFile } from "../../src/cli/files.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { blobNet } from "../blobs.ts";
import { espalier } from "./espalier.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-outputs-"));
const at = (...names: string[]) => join(folder, ...names);
const net = at("net.onnx");
const blobs = at("blobs.ts");
const pruning = ["--data", blobs, "--epochs", "1", "--batch", "20", "--threads", "1"];

beforeAll(() => {
  const source = new URL("../blobs.ts", import.meta.url).pathname;
  writeFileSync(blobs, `import { blobs } from ${JSON.stringify(source)};\nexport default () => blobs();`);
  writeFileSync(
    at("few.ts"),
    readFileSync(blobs, "utf8").replace("blobs();", "blobs({ train: 5, validation: 5, test: 5 });"),
  );
  writeFileSync(net, writeModel(blobNet()));
});

afterAll(() => {
  releaseClaims();
  rmSync(folder, { recursive: true });
});

describe("a file", () => {
  it("is written to where a symbolic link leads, which stays", () => {
    mkdirSync(at("links"));
    symlinkSync("real", at("links", "link"));
    writeFile(at("links", "link"), "one");
    expect(readFileSync(at("links", "real"), "utf8")).toBe("one");
    writeFile(at("links", "link"), "two");
    expect(lstatSync(at("links", "link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(at("links", "real"), "utf8")).toBe("two");
    symlinkSync("circle", at("links", "circle"));
    expect(() => writeFile(at("links", "circle"), "")).toThrow(/leads back to itself/);
    expect(readdirSync(at("links")).sort()).toEqual(["circle", "link", "real"]);
  });

  it("keeps its permissions, and may have the longest of names", () => {
    const name = at(`${"n".repeat(250)}.esp`);
    writeFile(name, "one");
    chmodSync(name, 0o600);
    writeFile(name, "two");
    expect(readFileSync(name, "utf8")).toBe("two");
    expect(statSync(name).mode & 0o777).toBe(0o600);
    expect(() => writeFile(at("n".repeat(300)), "")).toThrow(/longer than the file system allows/);
  });

  it("that is a device or a pipe is written to, and stays one", async () => {
    expect((await espalier("compress", net, "--out", "/dev/null")).status).toBe(0);
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    const pipe = at("pipe");
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cat", [pipe]);
    const read = buffer(reader.stdout);
    expect((await espalier("compress", net, "--out", pipe)).status).toBe(0);
    await espalier("compress", net, "--out", at("net.esp"));
    expect(await read).toEqual(readFileSync(at("net.esp")));
    expect(statSync(pipe).isFIFO()).toBe(true);
  });

  it("that is read is not written over, by whatever name", async () => {
    linkSync(net, at("same.onnx"));
    symlinkSync(net, at("alias.onnx"));
    const before = readFileSync(net);
    for (const [command, out] of [
      ["compact", net],
      ["simplify", at("same.onnx")],
      ["compress", at("alias.onnx")],
    ]) {
      const { status, stderr } = await espalier(command, net, "--out", out);
      expect([status, stderr]).toEqual([2, expect.stringMatching(/would be written over a file that is read/)]);
    }
    const spare = at("spare.onnx");
    writeFileSync(spare, before);
    for (const command of [
      ["train", net, ...pruning, "--task", "imitate", "--against", spare, "--out", spare],
      ["train", net, ...pruning, "--through", spare, "--out", spare],
      ["compress", net, "--max-loss", "1", "--data", blobs, "--through", spare, "--out", spare],
      ["compress", net, "--max-loss", "1", "--data", `npz:${spare}`, "--out", spare],
      ["compress", net, "--max-loss", "1", "--data", "images:here", "--classes", spare, "--out", spare],
      ["compress", net, "--max-loss", "1", "--data", blobs, "--out", blobs],
    ]) {
      const { status, stderr } = await espalier(...command);
      expect([status, stderr]).toEqual([2, expect.stringMatching(/would be written over a file that is read/)]);
    }
    mkdirSync(at("mask"));
    writeFileSync(at("mask", "pruned.onnx"), before);
    const mask = await espalier(
      ...["prune", net, ...pruning, "--mask-of", at("mask", "pruned.onnx"), "--out", at("mask")],
    );
    expect([mask.status, mask.stderr]).toEqual([2, expect.stringMatching(/would be written over a file that is read/)]);
    expect(readFileSync(spare)).toEqual(before);
    mkdirSync(at("own"));
    writeFileSync(at("own", "pruned.onnx"), before);
    const own = await espalier("prune", at("own", "pruned.onnx"), ...pruning, "--rate", "2", "--out", at("own"));
    expect([own.status, own.stderr]).toEqual([2, expect.stringMatching(/choose another --out/)]);
    expect(readFileSync(net)).toEqual(before);
    expect(readFileSync(at("own", "pruned.onnx"))).toEqual(before);
    expect(readdirSync(at("own"))).toEqual(["pruned.onnx"]);
  });
});

describe("what a process left that was killed", () => {
  it("goes with the next that writes there", async () => {
    const gone = spawn("true");
    await new Promise((resolve) => gone.once("exit", resolve));
    mkdirSync(at("left"));
    const [dead, alive, other] = [gone.pid, process.ppid, "x"].map((pid) => at("left", `.espalier-${pid}.tmp`));
    for (const path of [dead, alive, other]) writeFileSync(path, "half");
    writeFile(at("left", "whole"), "whole");
    expect(readdirSync(at("left")).sort()).toEqual([basename(alive), basename(other), "whole"].sort());
  });
});

describe("an earlier result", () => {
  it("stays until there is another", async () => {
    mkdirSync(at("earlier"));
    writeFileSync(at("earlier", "pruned.onnx"), "earlier");
    const few = ["--data", at("few.ts"), "--epochs", "1", "--batch", "20"];
    for (const how of [
      ["--rate", "50", ...few],
      ["--rate", "0.5", ...pruning],
      ["--unlabeled", "--rate", "1e9", "--data", blobs],
    ]) {
      const { status } = await espalier("prune", net, ...how, "--out", at("earlier"));
      expect(status).toBe(2);
      expect(readFileSync(at("earlier", "pruned.onnx"), "utf8")).toBe("earlier");
      expect(readdirSync(at("earlier"))).toEqual(["pruned.onnx"]);
    }
  });

  it("of a run that was stopped is not begun anew by mistake", async () => {
    mkdirSync(at("stopped"));
    writeFileSync(at("stopped", "checkpoint.onnx"), "a run");
    const { status, stderr } = await espalier("prune", net, ...pruning, "--rate", "2", "--out", at("stopped"));
    expect([status, stderr]).toEqual([2, expect.stringMatching(/was stopped: continue it with --resume, or remove/)]);
    expect(readFileSync(at("stopped", "checkpoint.onnx"), "utf8")).toBe("a run");
  });
});

describe("two runs into one folder", () => {
  const lock = at("locked", ".espalier.lock");

  it("are one too many", async () => {
    claimFolder(at("locked"));
    expect(readFileSync(lock, "utf8")).toBe(`${process.pid}\n`);
    expect(() => claimFolder(at("locked"))).toThrow(/Another run \(process \d+\) writes into .*locked: choose another/);
    releaseClaims();
    expect(existsSync(lock)).toBe(false);
    // The process that runs the tests is alive, too.
    writeFileSync(lock, `${process.ppid}\n`);
    const { status, stderr } = await espalier("prune", net, ...pruning, "--rate", "2", "--out", at("locked"));
    expect([status, stderr]).toEqual([2, expect.stringContaining(`Another run (process ${process.ppid})`)]);
    expect(readdirSync(at("locked"))).toEqual([".espalier.lock"]);
  });

  it("are one too many of a file with its state beside it, too", async () => {
    const out = at("locked.esp");
    writeFileSync(`${out}.lock`, `${process.ppid}\n`);
    const { status, stderr } = await espalier("compress", net, "--max-loss", "5", "--data", blobs, "--out", out);
    expect([status, stderr]).toEqual([2, expect.stringContaining(`Another run (process ${process.ppid})`)]);
    rmSync(`${out}.lock`);
    const done = await espalier(
      ...["compress", net, "--max-loss", "5", "--data", blobs, "--epochs", "0", "--out", out],
    );
    expect(done.status).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith("locked.esp"))).toEqual(["locked.esp"]);
  });

  it("are not where the first is no more", async () => {
    const gone = spawn("true");
    await new Promise((resolve) => gone.once("exit", resolve));
    for (const holder of [`${gone.pid}\n`, `${process.pid}\n`, ""]) {
      writeFileSync(lock, holder);
      const { status } = await espalier(
        "prune",
        net,
        ...pruning,
        "--density",
        "*=0.5",
        "--rounds",
        "1",
        "--out",
        at("locked"),
      );
      expect(status).toBe(0);
      expect(readdirSync(at("locked")).sort()).toEqual(["pruned.esp", "pruned.onnx", "report.html"]);
    }
  });
});
