import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { folderExchange, temporaryFolder } from "../../src/jobs/folder-exchange.ts";

const { folder, remove } = temporaryFolder();
afterAll(remove);
const exchange = folderExchange(folder);

it("contents are found by their hash, which two writers share, until they are dropped", async () => {
  const contents = Uint8Array.of(1, 2, 3);
  const key = await exchange.put(contents);
  expect(await folderExchange(folder).put(contents)).toBe(key);
  expect(new Uint8Array(await exchange.get(key))).toEqual(contents);
  expect(readdirSync(folder)).toEqual([key]);
  await exchange.drop(key);
  await exchange.drop(key);
  expect(readdirSync(folder)).toEqual([]);
  await expect(exchange.get(key)).rejects.toThrow(UserError);
});

it("nothing is read that is damaged, or named otherwise", async () => {
  const key = await exchange.put(Uint8Array.of(4));
  writeFileSync(join(folder, key), Uint8Array.of(5));
  await expect(exchange.get(key)).rejects.toThrow(/damaged/);
  for (const name of ["../secret", "", key.toUpperCase()]) await expect(exchange.get(name)).rejects.toThrow(UserError);
});

it("the folder of a process that was killed goes with the next", () => {
  const left = join(tmpdir(), `espalier-exchange-${2 ** 31 - 1}-left`);
  mkdirSync(left, { recursive: true });
  temporaryFolder().remove();
  expect(existsSync(left)).toBe(false);
  rmSync(left, { recursive: true, force: true });
});
