import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";

/**
 * Bytes of a page's script that imports this much of the runtime, minified and gzipped: those that a page loads at once,
 * and those of what comes when a network asks for it.
 */
async function gzipped(code: string): Promise<{ atOnce: number; later: number }> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    splitting: true,
    outdir: "out",
    metafile: true,
    write: false,
  });
  const first = new Set(["out/stdin.js"]);
  for (const name of first) {
    for (const { kind, path } of metafile.outputs[name].imports) if (kind === "import-statement") first.add(path);
  }
  let [atOnce, later] = [0, 0];
  for (const { path, contents } of outputFiles) {
    const bytes = gzipSync(contents, { level: 9 }).length;
    if ([...first].some((name) => path.endsWith(name))) atOnce += bytes;
    else later += bytes;
  }
  return { atOnce, later };
}

it.each([
  ["load", 'export { load } from "../src/index.ts";', 12_000],
  ["its worker, which decodes every version", 'import "../src/loading/worker.ts";', 16_000],
  ["what runs networks", 'export { Network, load, open } from "../src/index.ts";', 60_000],
  ["the whole runtime with kernels and all decoders", 'export * from "../src/index.ts";', 65_000],
])("%s is small, and stands alone in a browser", async (_, code, limit) => {
  const { atOnce } = await gzipped(code);
  // Not nothing: what is imported must be in it.
  expect(atOnce).toBeGreaterThan(5_000);
  expect(atOnce).toBeLessThan(limit);
});

it("operators that few networks have are not part of what a page loads at once", async () => {
  const { later } = await gzipped('export * from "../src/index.ts";');
  expect(later).toBeGreaterThan(5_000);
  // Parts of which a network asks for the one that it needs.
  expect(later).toBeLessThan(36_000);
});
