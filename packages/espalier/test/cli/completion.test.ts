import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { espalier } from "./espalier.ts";

const has = (shell: string) => spawnSync(shell, ["-c", "exit"]).status === 0;
const script = async (shell: string) => (await espalier("completion", shell)).stdout;

/** What bash would offer for the last of some words. */
async function offered(...words: readonly string[]): Promise<string[]> {
  const list = words.map((word) => `'${word}'`).join(" ");
  const ask = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _espalier; echo "\${COMPREPLY[@]}"`;
  const said = execFileSync("bash", ["-c", `${await script("bash")}\n${ask}`], { encoding: "utf8" });
  return said.trim().split(/\s+/);
}

describe("completion", () => {
  it.skipIf(!has("bash"))("offers commands, options and names in bash", async () => {
    expect(await offered("espalier", "com")).toEqual(["compact", "compress", "completion"]);
    expect(await offered("espalier", "import", "")).toEqual(["caffe"]);
    expect(await offered("espalier", "import", "caffe", "--caffe")).toEqual(["--caffemodel"]);
    expect(await offered("espalier", "prune", "net.onnx", "--cri")).toEqual(["--criterion"]);
    expect(await offered("espalier", "prune", "net.onnx", "--task", "t")).toEqual(["tokens"]);
    expect(await offered("espalier", "reproduce", "fig")).toEqual(["fig5", "fig6"]);
    expect(await offered("espalier", "train", "net.onnx", "--out", "")).toEqual([""]);
    expect(await offered("espalier", "scan", "--")).toEqual(
      expect.arrayContaining(["--densities", "--quiet", "--help"]),
    );
  });

  it.each(["bash", "zsh", "fish"])("is a script that %s reads", async (shell) => {
    const text = await script(shell);
    expect(text).toMatch(/prune/);
    expect(text).toMatch(/deep-compression/);
    if (!has(shell)) return;
    const folder = mkdtempSync(join(tmpdir(), "espalier-completion-"));
    writeFileSync(join(folder, "script"), text);
    const { status, stderr } = spawnSync(shell, ["-n", join(folder, "script")], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect([status, stderr]).toEqual([0, ""]);
  });

  it.skipIf(!has("fish"))("offers them in fish", async () => {
    const ask = "complete -C 'espalier prune n --tas'";
    const said = spawnSync("fish", ["--no-config", "-c", `${await script("fish")}\n${ask}`], { encoding: "utf8" });
    expect(said.stdout).toMatch(/^--task\b/);
  });

  it("knows no other shell", async () => {
    const { status, stderr } = await espalier("completion", "tcsh");
    expect([status, stderr]).toEqual([2, expect.stringMatching(/choose one of bash, zsh, fish/)]);
  });
});
