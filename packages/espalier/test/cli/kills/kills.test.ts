import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { commands } from "./commands.ts";
import { type Kit, kitIn, survive } from "./survive.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-kills-"));
let kit: Kit;
beforeAll(async () => {
  kit = await kitIn(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

// All commands, and many more kills: kills.long.test.ts.
describe("a command that is killed", () => {
  it.each(commands.filter(({ name }) => /^(prune-loss|compress)$/.test(name)))(
    "comes to the same in the end: $name",
    async (command) => survive(kit, command, 3, 1),
    180_000,
  );
});
