import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Kit, kitIn } from "../sweep/kit.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-scans-"));
let kit: Kit;
beforeAll(async () => {
  kit = await kitIn(folder, "scans");
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const words = ["scan", "net.onnx", "--data", "waves.mjs", "--densities", "0.5,0.1", "--json"];
const scanned = ({ stdout }: { readonly stdout: string }) => {
  const { measure, layers, cost } = JSON.parse(stdout);
  return { measure, layers, cost };
};

it("scans layers side by side to the same, also retrained and after a stop", { timeout: 240_000 }, async () => {
  const retrained = [...words, "--retrain", "1", "--seed", "4"];
  const alone = await kit.run([...retrained, "--threads", "1", "--out", "alone"]);
  const stopped = await kit.run([...retrained, "--jobs", "1", "--out", "beside"], {
    onLine: (line, child) => void (/^\w+: 50/.test(line) && child.kill("SIGINT")),
  });
  expect(stopped.status).toBe(130);
  const beside = await kit.run([...retrained, "--jobs", "2", "--out", "beside", "--resume"]);
  expect(beside).toMatchObject({ status: 0 });
  expect(scanned(beside)).toEqual(scanned(alone));
  expect(readdirSync(join(folder, "beside")).sort()).toEqual(["scan.html", "scan.json"]);
});

it("runs on the CPU alone, and shares a store only with others", async () => {
  const { status, stderr } = await kit.run([...words, "--jobs", "2", "--device", "webgpu", "--out", "device"]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/leave out --device webgpu\.\n$/);
  const stored = await kit.run([...words, "--store", "shared", "--out", "stored"]);
  expect(stored).toMatchObject({ status: 2, stderr: expect.stringContaining("give --jobs or --queue too") });
});
