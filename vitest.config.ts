import { defineConfig } from "vitest/config";

const source = (path: string) => new URL(`packages/${path}`, import.meta.url).pathname;

export default defineConfig({
  // Tests run what the sources say now, not what was built last.
  resolve: {
    alias: [
      { find: /^espalier-runtime\/codec$/, replacement: source("runtime/src/codec/index.ts") },
      { find: /^espalier-runtime\/errors$/, replacement: source("runtime/src/errors.ts") },
      { find: /^espalier-runtime$/, replacement: source("runtime/src/index.ts") },
      { find: /^espalier\/node$/, replacement: source("espalier/src/node.ts") },
      { find: /^espalier\/runtime$/, replacement: source("espalier/src/runtime/index.ts") },
      { find: /^espalier$/, replacement: source("espalier/src/index.ts") },
    ],
  },
  test: { include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"], testTimeout: 60_000, pool: "forks" },
});
