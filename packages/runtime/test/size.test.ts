import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";

/** Bytes of a page's script that imports this much of the runtime, minified and gzipped. */
async function gzipped(code: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: import.meta.dirname, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
  });
  return gzipSync(outputFiles[0].contents, { level: 9 }).length;
}

it.each([
  ["load", 'export { load } from "../src/index.ts";', 12_000],
  ["its worker", 'import "../src/loading/worker.ts";', 12_000],
  ["the whole runtime with kernels", 'export * from "../src/index.ts";', 60_000],
])("%s is small, and stands alone in a browser", async (_, code, limit) => {
  const bytes = await gzipped(code);
  // Not nothing: what is imported must be in it.
  expect(bytes).toBeGreaterThan(5_000);
  expect(bytes).toBeLessThan(limit);
});
