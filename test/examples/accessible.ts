import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** Windows in which pages are looked at. */
const LOOKS = [
  { width: 400, colorScheme: "light" },
  { width: 400, colorScheme: "dark" },
  { width: 1280, colorScheme: "light" },
  { width: 1280, colorScheme: "dark" },
] as const;

/**
 * What axe-core finds in a page that people might not perceive, reach or understand, in narrow and in wide windows, light
 * and dark: the window, the rule, the element and why. It waits until colours have come to rest.
 */
export async function barriersIn(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(axe, "utf8"));
  const found: string[] = [];
  for (const { width, colorScheme } of LOOKS) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    const barriers = await page.evaluate<
      string[]
    >(`Promise.all(document.getAnimations().map(({ finished }) => finished))
      .then(() => axe.run({ resultTypes: ["violations"] }))
      .then(({ violations }) => violations.flatMap(({ id, nodes }) =>
        nodes.map(({ target, failureSummary }) => [id, target, failureSummary].join(" | "))))`);
    found.push(...barriers.map((barrier) => `${width}, ${colorScheme} | ${barrier}`));
  }
  return found;
}
