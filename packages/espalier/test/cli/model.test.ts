import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openFixed } from "../../src/cli/model.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { blobNet } from "../blobs.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-model-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("a model beside another is opened alone, unless inputs are said that may be the other's", async () => {
  const path = join(folder, "net.onnx");
  writeFileSync(path, writeModel(blobNet()));
  const other = join(folder, "none.onnx");
  expect((await openFixed(path, { device: "cpu" }, other)).name).toBe("net");
  await expect(openFixed(path, { device: "cpu", fix: { input: 1 } }, other)).rejects.toThrow(/Cannot read/);
});
