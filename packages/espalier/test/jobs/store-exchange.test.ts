import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { openStore } from "../../src/jobs/open-store.ts";
import type { Store } from "../../src/jobs/store.ts";
import { storeExchange } from "../../src/jobs/store-exchange.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-store-exchange-"));
afterAll(() => rmSync(folder, { recursive: true }));
let store: Store;
beforeAll(async () => {
  store = await openStore(folder);
});

const files = () =>
  readdirSync(join(folder, "rounds"), { recursive: true, encoding: "utf8" }).filter((name) =>
    /[0-9a-f]{64}$/.test(name),
  );

it("what two put is each one's own, until it is dropped or all of it goes", async () => {
  const [one, two] = [storeExchange(store), storeExchange(store)];
  const contents = Uint8Array.of(1, 2, 3);
  const [key, other] = [await one.put(contents), await two.put(contents)];
  expect(await one.put(contents)).toBe(key);
  expect(files()).toHaveLength(2);
  await one.drop(key);
  await one.drop(key);
  await expect(two.get(key)).rejects.toThrow(/has no rounds\/.*give all machines the same --store/);
  expect(new Uint8Array(await one.get(other))).toEqual(contents);
  // What a worker gives lies with those who asked.
  const given = await one.put(Uint8Array.of(4), other);
  expect(given.slice(0, 32)).toBe(other.slice(0, 32));
  await one.clear();
  expect(files()).toHaveLength(2);
  await two.clear();
  await two.clear();
  expect(files()).toEqual([]);
});

it("nothing is read that is damaged, or named otherwise", async () => {
  const exchange = storeExchange(store);
  const key = await exchange.put(Uint8Array.of(5));
  writeFileSync(join(folder, "rounds", key.slice(0, 32), key.slice(33)), Uint8Array.of(6));
  await expect(exchange.get(key)).rejects.toThrow(/is damaged/);
  const hostile = ["", "../secret", key.toUpperCase(), `${key}/x`, key.slice(33)];
  for (const name of hostile) {
    await expect(exchange.get(name)).rejects.toThrow(UserError);
    await expect(exchange.put(Uint8Array.of(7), name)).rejects.toThrow(UserError);
    await expect((async () => exchange.drop(name))()).rejects.toThrow(UserError);
  }
});
