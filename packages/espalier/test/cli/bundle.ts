import { join } from "node:path";
import { build } from "esbuild";

const source = (path: string) => new URL(`../../../${path}`, import.meta.url).pathname;

/**
 * The command line of the sources in few files, with the workers that it starts: it begins ten times as fast as the
 * sources do.
 * @param name of a folder of its own, as tests run side by side
 * @returns its path
 */
export async function bundled(name: string): Promise<string> {
  // Beside what the build makes, so that packages are found from there.
  const outdir = source(`espalier/dist/${name}`);
  const runtime = (path: string) => source(`runtime/src/${path}.ts`);
  await build({
    entryPoints: {
      main: source("espalier/test/cli/main.ts"),
      worker: source("espalier/src/jobs/worker.ts"),
      "command-worker": source("espalier/src/cli/command-worker.ts"),
    },
    outdir,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    packages: "external",
    alias: {
      "espalier-runtime/codec": runtime("codec/index"),
      "espalier-runtime/errors": runtime("errors"),
      "espalier-runtime/operators": runtime("operators"),
      "espalier-runtime": runtime("index"),
    },
  });
  return join(outdir, "main.js");
}
