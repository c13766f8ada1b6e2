import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { releaseClaims } from "../../src/cli/claims.ts";
import { writeFile } from "../../src/cli/files.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { blobNet } from "../blobs.ts";
import { espalier } from "./espalier.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-disks-"));
const at = (...names: string[]) => join(folder, ...names);
const net = at("net.onnx");
const data = ["--data", at("blobs.ts"), "--threads", "1"];
const training = [...data, "--batch", "20", "--epochs", "1"];
const disks: string[] = [];

/** A disk of 16 kB at a place; undefined where the system lets nobody mount one. */
function disk(name: string): string | undefined {
  const place = at(name);
  mkdirSync(place);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=16k", "tmpfs", place]).status !== 0) return undefined;
  disks.push(place);
  return place;
}

const full = disk("full");
const readOnly = disk("read-only");

/** Every command that writes, into a folder. */
const commands = (out: string): [string, string[]][] => [
  ["train", ["train", net, ...training, "--out", join(out, "new.onnx")]],
  ["scan", ["scan", net, ...data, "--densities", "0.5", "--out", out]],
  ["prune --density", ["prune", net, ...training, "--density", "*=0.5", "--rounds", "1", "--out", out]],
  ["prune --max-loss", ["prune", net, ...training, "--max-loss", "50", "--out", out]],
  ["prune --unlabeled", ["prune", net, ...data, "--unlabeled", "--rate", "2", "--out", out]],
  ["compress", ["compress", net, "--out", join(out, "new.esp")]],
  ["compress --max-loss", ["compress", net, ...data, "--max-loss", "50", "--out", join(out, "new.esp")]],
  ["decompress", ["decompress", at("net.esp"), "--out", join(out, "new.onnx")]],
  ["compact", ["compact", net, "--out", join(out, "new.onnx")]],
  ["simplify", ["simplify", net, "--out", join(out, "new.onnx")]],
  ["quantize", ["quantize", net, "--to", "int8", "--out", join(out, "new.onnx")]],
  ["demo", ["demo", "--out", out]],
  ["reproduce", ["reproduce", "fig6", "--out", out]],
];

beforeAll(async () => {
  const source = new URL("../blobs.ts", import.meta.url).pathname;
  writeFileSync(at("blobs.ts"), `import { blobs } from ${JSON.stringify(source)};\nexport default () => blobs();`);
  writeFileSync(net, writeModel(blobNet()));
  await espalier("compress", net, "--out", at("net.esp"));
  if (full) {
    writeFileSync(join(full, "pruned.onnx"), "earlier");
    // All but a page, which the smallest of files may take.
    writeFileSync(join(full, "filler"), new Uint8Array(8192));
  }
  if (readOnly) {
    writeFileSync(join(readOnly, "pruned.onnx"), "earlier");
    execFileSync("mount", ["-o", "remount,ro", readOnly]);
  }
});
afterAll(() => {
  releaseClaims();
  for (const place of disks) spawnSync("umount", [place]);
  rmSync(folder, { recursive: true });
});

describe.skipIf(!full)("a full disk (needs the right to mount one)", () => {
  // Of these the first file that is written is larger than what is left.
  it.each(commands(full ?? "").filter(([name]) => /^(train|scan|prune)/.test(name)))(
    "ends %s with a sentence, and nothing half-written",
    async (_, args) => {
      const { status, stderr } = await espalier(...args);
      expect(stderr).toMatch(
        /espalier: Cannot write [^\n]*: the disk is full; free some space or choose another place\.\n$/,
      );
      expect(status).toBe(2);
      const left = readdirSync(full ?? "").filter(
        (name) => !/^(checkpoint\.onnx|scan\.partial\.json|scan\.json)$/.test(name),
      );
      expect(left.sort()).toEqual(["filler", "pruned.onnx"]);
      for (const name of ["checkpoint.onnx", "scan.partial.json", "scan.json"])
        rmSync(join(full ?? "", name), { force: true });
      expect(readFileSync(join(full ?? "", "pruned.onnx"), "utf8")).toBe("earlier");
    },
  );

  it("leaves a file as it was that does not fit any more", () => {
    const place = join(full ?? "", "pruned.onnx");
    expect(() => writeFile(place, new Uint8Array(65536))).toThrow(/the disk is full/);
    expect(readFileSync(place, "utf8")).toBe("earlier");
    expect(readdirSync(full ?? "").sort()).toEqual(["filler", "pruned.onnx"]);
  });
});

describe.skipIf(!readOnly)("a read-only disk (needs the right to mount one)", () => {
  it.each(commands(readOnly ?? ""))("ends %s before it works", async (_, args) => {
    const { status, stderr } = await espalier(...args);
    expect(stderr).toMatch(/^espalier: Cannot write [^\n]*: the file system is read-only; choose another place\.\n$/);
    expect(status).toBe(2);
    expect(readdirSync(readOnly ?? "")).toEqual(["pruned.onnx"]);
  });
});

describe.skipIf(process.getuid?.() === 0)("a folder of somebody else (needs a user who is not root)", () => {
  it("ends every command before it works", async () => {
    mkdirSync(at("closed"));
    chmodSync(at("closed"), 0o555);
    for (const [, args] of commands(at("closed"))) {
      const { status, stderr } = await espalier(...args);
      expect([status, stderr]).toEqual([
        2,
        expect.stringMatching(/: permission denied; choose a place that is yours\.\n$/),
      ]);
    }
    expect(readdirSync(at("closed"))).toEqual([]);
  });
});
