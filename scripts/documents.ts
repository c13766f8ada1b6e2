import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { pagesBelow, withoutLinks } from "./links.ts";

// `tsx ../../scripts/documents.ts add` before npm packs espalier, `... remove` after: the README, the documents and the
// programs of examples/ are the repository's, and lie in the package only while it is packed. Links to the rest of the
// repository become plain text.

const ROOT = join(import.meta.dirname, "..");
const PACKAGE = join(ROOT, "packages/espalier");

/** What the package carries, and what of it stays behind. */
const CARRIED = ["README.md", "CHANGELOG.md", "docs", "examples"];
const LEFT = /^docs\/reference\b|^examples\/[^/]+\/|^examples\/[^/]*(?<!\.ts)$/;

function add(): void {
  for (const name of CARRIED) {
    cpSync(join(ROOT, name), join(PACKAGE, name), {
      recursive: true,
      filter: (source) => !LEFT.test(relative(ROOT, source)),
    });
  }
  for (const page of CARRIED.flatMap((name) => pagesOf(join(PACKAGE, name)))) {
    const carried = (target: string) => existsSync(resolve(dirname(page), target.split("#")[0] || "."));
    writeFileSync(page, withoutLinks(readFileSync(page, "utf8"), carried));
  }
}

function remove(): void {
  for (const name of CARRIED) rmSync(join(PACKAGE, name), { recursive: true, force: true });
}

function pagesOf(path: string): string[] {
  return path.endsWith(".md") ? [path] : pagesBelow(path);
}

const [action] = process.argv.slice(2);
if (action === "add") add();
else if (action === "remove") remove();
else throw new Error('Say "add" or "remove".');
