import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** A link of a Markdown page: `[text](target)`, or an image. */
const LINK = /(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g;

/** Folders whose pages are not this project's. */
const FOREIGN = new Set(["node_modules", "dist", ".git"]);

/** The Markdown pages below a folder, as paths. */
export function pagesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return FOREIGN.has(entry.name) ? [] : pagesBelow(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/**
 * The links below a folder that lead to no file, to a file outside the folder, or to no heading of a page.
 * Links to other hosts are not followed.
 */
export function brokenLinks(folder: string): string[] {
  return pagesBelow(folder).flatMap((page) =>
    [...prose(readFileSync(page, "utf8")).matchAll(LINK)]
      .map(([, , , target]) => target)
      .filter((target) => !isAddress(target) && !leadsSomewhere(folder, page, target))
      .map((target) => `${relative(folder, page)}: ${target}`),
  );
}

/** The page with each relative link for which `kept` is false replaced by its text. */
export function withoutLinks(page: string, kept: (target: string) => boolean): string {
  return page.replace(LINK, (link, _, text: string, target: string) =>
    isAddress(target) || kept(target) ? link : text,
  );
}

function isAddress(target: string): boolean {
  return /^[a-z]+:/.test(target);
}

function leadsSomewhere(folder: string, page: string, target: string): boolean {
  const [path, heading] = target.split("#");
  const file = path === "" ? page : resolve(dirname(page), decodeURIComponent(path));
  if (relative(folder, file).startsWith("..") || !existsSync(file)) return false;
  return heading === undefined || (statSync(file).isFile() && headings(file).has(heading));
}

/** The names by which a page's headings are linked to. https://github.com/gjtorikian/html-pipeline, the table of contents */
function headings(page: string): Set<string> {
  const titles = [...prose(readFileSync(page, "utf8")).matchAll(/^#+ +(.+)$/gm)].map(([, title]) => title);
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );
}

/** A page without its code. */
function prose(page: string): string {
  return page.replace(/^(```|~~~)[\s\S]*?^\1/gm, "").replace(/`[^`\n]*`/g, (code) => (code.includes("](") ? "" : code));
}
