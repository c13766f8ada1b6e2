import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { gradientRules } from "../../src/autodiff/rules.ts";
import { noted, operatorsPage } from "./operators-page.ts";

describe("docs/operators.md", () => {
  it("is what npm run operators writes", async () => {
    const committed = readFileSync(new URL("../../../../docs/operators.md", import.meta.url), "utf8");
    expect(committed, "run npm run operators").toBe(await operatorsPage());
  });

  it("has notes only of operators that have a rule", () => {
    expect(noted.filter((op) => !gradientRules.has(op))).toEqual([]);
  });
});
