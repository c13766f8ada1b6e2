import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** What axe-core finds in a page that people might not perceive, reach or understand: the rule, the element and why. */
export async function barriersIn(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(axe, "utf8"));
  return page.evaluate<string[]>(`axe.run({ resultTypes: ["violations"] }).then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => [id, target, failureSummary].join(" | "))))`);
}
