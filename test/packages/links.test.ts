import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { brokenLinks, withoutLinks } from "../../scripts/links.ts";

describe("links", () => {
  it("of the repository's pages lead to files and headings that are there", () => {
    expect(brokenLinks(join(import.meta.dirname, "../.."))).toEqual([]);
  });

  it("and paths that CONTRIBUTING.md names lead to files that are there", () => {
    const root = join(import.meta.dirname, "../..");
    const page = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
    const paths = [...page.matchAll(/`((?:packages|test|docs|bench)\/[\w./-]+)`/g)]
      .map(([, path]) => path)
      .filter((path) => !path.includes("NAME"));
    expect(paths.length).toBeGreaterThan(10);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("are found broken when they are", () => {
    const folder = mkdtempSync(join(tmpdir(), "espalier-links-"));
    writeFileSync(join(folder, "other.md"), "## A `b`, c\n");
    writeFileSync(
      join(folder, "page.md"),
      [
        "# Here",
        "[a](other.md) [b](other.md#a-b-c) [c](#here) [d](https://example.org/none) ![e](.)",
        "[none](none.md) [no heading](other.md#c) ![no picture](x.png) [outside](..)",
        "```md\n[in code](none)\n```",
        "and `[in code](none)` too",
      ].join("\n"),
    );
    expect(brokenLinks(folder)).toEqual(["page.md: none.md", "page.md: other.md#c", "page.md: x.png", "page.md: .."]);
    rmSync(folder, { recursive: true });
  });

  it("become their text where they lead to what is left out", () => {
    const page = "See [a page](left/out.md) and [another](kept.md), or [a site](https://example.org).";
    expect(withoutLinks(page, (target) => target === "kept.md")).toBe(
      "See a page and [another](kept.md), or [a site](https://example.org).",
    );
  });
});
