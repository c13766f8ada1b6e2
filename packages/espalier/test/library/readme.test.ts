import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "espalier-readme-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the README's ten lines", () => {
  it("write a file and say how good it is", { timeout: 300_000 }, () => {
    const readme = readFileSync(join(root, "README.md"), "utf8");
    const [, code = ""] = /## The library in ten lines[\s\S]*?```js\n([\s\S]*?)```/.exec(readme) ?? [];
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    writeFileSync(join(folder, "small.js"), code);
    // The sources' espalier, not the one that was built last.
    const env = { ...process.env, TSX_TSCONFIG_PATH: join(root, "tsconfig.json") };
    const args = ["--import", import.meta.resolve("tsx"), "small.js"];
    const printed = execFileSync(process.execPath, args, { cwd: folder, env, encoding: "utf8" });
    const [, bytes, before, after] =
      /^small\.esp: (\d+) bytes, test error ([\d.]+)% -> ([\d.]+)%$/m.exec(printed) ?? [];
    expect(statSync(join(folder, "small.esp")).size).toBe(Number(bytes));
    expect(Number(bytes)).toBeLessThan(10_000);
    expect(Number(before)).toBeLessThan(4);
    expect(Number(after)).toBeLessThan(Number(before) + 0.6);
  });
});
