import { defineConfig } from "vitest/config";

const source = (path: string) => new URL(`packages/${path}`, import.meta.url).pathname;

/** Suites that take minutes: `npm run test:long` runs these alone, `npm test` all others. */
const LONG = "**/*.long.test.ts";

export default defineConfig(({ mode }) => ({
  // Tests run what the sources say now, not what was built last.
  resolve: {
    alias: [
      { find: /^espalier-runtime\/codec$/, replacement: source("runtime/src/codec/index.ts") },
      { find: /^espalier-runtime\/operators$/, replacement: source("runtime/src/operators.ts") },
      { find: /^espalier-runtime\/errors$/, replacement: source("runtime/src/errors.ts") },
      { find: /^espalier-runtime$/, replacement: source("runtime/src/index.ts") },
      { find: /^espalier\/node$/, replacement: source("espalier/src/node.ts") },
      { find: /^espalier\/runtime$/, replacement: source("espalier/src/runtime/index.ts") },
      { find: /^espalier$/, replacement: source("espalier/src/index.ts") },
    ],
  },
  test: {
    include: mode === "long" ? [LONG] : ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", ...(mode === "long" ? [] : [LONG])],
    testTimeout: mode === "long" ? 600_000 : 60_000,
    hookTimeout: mode === "long" ? 600_000 : 60_000,
    pool: "forks",
    // onnxruntime-node keeps telemetry otherwise, where a test loads it by itself.
    env: { ORT_DISABLE_TELEMETRY: "1" },
    passWithNoTests: mode === "long",
  },
}));
