import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../src/jobs/digest.ts";
import { folderStore } from "../../src/jobs/folder-store.ts";
import { getFolder, putFolder } from "../../src/jobs/folders.ts";
import { openStore } from "../../src/jobs/open-store.ts";
import { extensionsIn } from "../../src/jobs/processor.ts";
import { contentKey, getContents, getRecord, putContents, type Store } from "../../src/jobs/store.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-store-"));
const at = (...names: string[]) => join(folder, ...names);
const bytes = (text: string) => new TextEncoder().encode(text);
let store: Store;
beforeAll(async () => {
  store = await openStore(at("store"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a store in a folder", () => {
  it("has contents by their hash, once and whole", async () => {
    const digest = await putContents(store, bytes("leaf"));
    expect(digest).toBe(digestOf("leaf"));
    expect(readFileSync(at("store", "sha256", digest.slice(0, 2), digest), "utf8")).toBe("leaf");
    expect(new TextDecoder().decode(await getContents(store, digest))).toBe("leaf");
    expect(readdirSync(at("store", "unfinished"))).toEqual([]);
    await putContents({ ...store, write: () => Promise.reject(new Error("written twice")) }, bytes("leaf"));
  });

  it("refuses what is not there, or is not what it was", async () => {
    await expect(getContents(store, digestOf("none"))).rejects.toThrow(/has no sha256\/\S+: take the store/);
    const digest = await putContents(store, bytes("twig"));
    await store.write(contentKey(digest), bytes("twi"));
    await expect(getContents(store, digest)).rejects.toThrow(/is damaged: remove it/);
    expect(await getRecord(store, digest)).toBeUndefined();
  });

  it("removes one, or all below a key, and what is not there", async () => {
    for (const key of ["rounds/a/1", "rounds/a/2", "rounds/ab/3"]) await store.write(key, bytes(key));
    await store.remove("rounds/a/1");
    await store.remove("rounds/a/1");
    expect(await store.has("rounds/a/2")).toBe(true);
    await store.removeBelow("rounds/a");
    expect(readdirSync(at("store", "rounds"))).toEqual(["ab"]);
  });

  it("takes away what killed processes left a day ago", async () => {
    const [old, young] = ["old", "young"].map((name) => at("store", "unfinished", name));
    for (const path of [old, young]) writeFileSync(path, "");
    utimesSync(old, new Date(0), new Date(0));
    await folderStore(at("store"));
    expect([old, young].map((path) => existsSync(path))).toEqual([false, true]);
    rmSync(young);
  });

  it("says why it cannot be written, and that there is no other kind", async () => {
    writeFileSync(at("file"), "");
    await expect(openStore(at("file"))).rejects.toThrow(/^Cannot write into \S+file: a part of its path is/);
    await expect(openStore("ftp://host/x")).rejects.toThrow('There is no store of the kind "ftp"');
  });
});

describe("a folder in a store", () => {
  it("is the same again, and has one hash whatever its place", async () => {
    for (const own of ["one", "two"]) {
      mkdirSync(at(own, "cat"), { recursive: true });
      writeFileSync(at(own, "cat", "1.png"), "cat");
      writeFileSync(at(own, "labels.csv"), "a,b");
    }
    const digest = await putFolder(store, at("one"));
    expect(await putFolder(store, at("two"))).toBe(digest);
    await getFolder(store, digest, at("again"));
    expect(readdirSync(at("again"), { recursive: true }).sort()).toEqual(["cat", join("cat", "1.png"), "labels.csv"]);
    expect(readFileSync(at("again", "cat", "1.png"), "utf8")).toBe("cat");
  });

  it.each([
    { "../out": digestOf("leaf") },
    { "/etc/out": digestOf("leaf") },
    { "a/../../out": digestOf("leaf") },
    { "a\\..\\out": digestOf("leaf") },
    { "C:out": digestOf("leaf") },
    { a: "leaf" },
    { a: 1 },
  ])("leads nowhere else: %j", async (listing) => {
    const digest = await putContents(store, bytes(JSON.stringify(listing)));
    await expect(getFolder(store, digest, at("hostile"))).rejects.toThrow("is no list of files");
    expect(existsSync(at("hostile"))).toBe(false);
  });
});

it("finds what of a processor changes sums", () => {
  const info = "processor\t: 0\nflags\t\t: fpu avx2 sse avx fma avx512f\n\nflags : avx512bw\n";
  expect(extensionsIn(info, "x64")).toEqual(["avx", "avx2", "fma", "avx512f"]);
  expect(extensionsIn("Features\t: fp asimddp i8mm", "arm64")).toEqual(["asimddp", "i8mm"]);
  expect(extensionsIn("", "riscv64")).toEqual([]);
});
