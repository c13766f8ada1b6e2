import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { commands, reproduction } from "./commands.ts";
import { type Kit, kitIn, survive } from "./survive.ts";

/** 200 in all: 24 for each command, and 8 for the longest. */
const KILLS = 24;
const OF_REPRODUCTION = 8;

const folder = mkdtempSync(join(tmpdir(), "espalier-kills-"));
let kit: Kit;
beforeAll(async () => {
  kit = await kitIn(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a command that is killed again and again", () => {
  it.each(commands)("comes to the same in the end: $name", async (command) => survive(kit, command, KILLS, 2));

  it("comes to the same in the end: reproduce", async () => survive(kit, reproduction, OF_REPRODUCTION, 2));
});
