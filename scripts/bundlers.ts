import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inEmptyFolder, ROOT, run } from "./shell.ts";

/** What only the decoder says, after any minifier. */
const DECODER = " is not an .esp file";

/** Builds the example for Vite with the packages, and the runtime's worker by both its names with esbuild. */
export async function tryBundlers(tarballs: readonly string[]): Promise<void> {
  await inEmptyFolder((folder) => {
    for (const name of ["digit", "digit-vite", "shared"]) {
      cpSync(join(ROOT, "examples", name), join(folder, name), {
        recursive: true,
        filter: (source) => !/node_modules|dist$/.test(source),
      });
    }
    const page = join(folder, "digit-vite");
    const manifest = JSON.parse(readFileSync(join(page, "package.json"), "utf8"));
    delete manifest.dependencies["espalier-runtime"];
    writeFileSync(join(page, "package.json"), JSON.stringify(manifest));
    run(page, ["npm", "install", "--no-audit", "--no-fund", ...tarballs], { ONNXRUNTIME_NODE_INSTALL: "skip" });

    run(page, ["vite", "build"]);
    expectWorker(join(page, "dist/assets"), /^worker-.*\.js$/);
    console.log("vite: the page and its worker");

    for (const name of ["espalier-runtime/worker", "espalier/runtime/worker"]) {
      const out = join(page, "bundled", name);
      run(page, ["esbuild", name, "--bundle", "--minify", "--format=esm", `--outfile=${out}/worker.js`]);
      expectWorker(out, /^worker\.js$/);
      writeFileSync(join(page, "own.js"), `import W from "${name}?worker"; new W();`);
      writeFileSync(join(page, "index.html"), '<script type="module" src="own.js"></script>');
      run(page, ["vite", "build"]);
      expectWorker(join(page, "dist/assets"), /^worker-.*\.js$/);
    }
    console.log("esbuild and vite: the worker by both its names");
  });
}

/** @throws Error when no file of that name holds the decoder */
function expectWorker(folder: string, name: RegExp): void {
  const found = readdirSync(folder).filter((file) => name.test(file));
  const [worker] = found;
  if (worker === undefined || !readFileSync(join(folder, worker), "utf8").includes(DECODER)) {
    throw new Error(`The bundler leaves no worker with the decoder in ${folder}: ${readdirSync(folder).join(", ")}.`);
  }
}
