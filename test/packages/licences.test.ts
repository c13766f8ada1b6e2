import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { licencesPage } from "../../scripts/licences-page.ts";

it("docs/licences.md is what npm run licences writes", () => {
  const committed = readFileSync(new URL("../../docs/licences.md", import.meta.url), "utf8");
  expect(committed, "run npm run licences").toBe(licencesPage());
  expect(committed).toMatch(/LGPL-3\.0-or-later \| .*@img\/sharp-libvips-linux-x64/);
});
