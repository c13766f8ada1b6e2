import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nodeEngine } from "espalier/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../src/onnx/write.ts";
import { blobs, trainedBlobNet } from "../blobs.ts";
import { espalier } from "./espalier.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-compress-"));
const at = (name: string) => join(folder, name);
const within = () => ["--data", at("blobs.ts"), "--max-loss", "5", "--epochs", "0"];

beforeAll(async () => {
  const source = new URL("../blobs.ts", import.meta.url).pathname;
  writeFileSync(at("blobs.ts"), `export { blobs as default } from ${JSON.stringify(source)};`);
  writeFileSync(at("net.onnx"), writeModel(await trainedBlobNet(nodeEngine({ threads: 1 }), blobs())));
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("compress without data", () => {
  it("says in JSON by what the weights were rounded", async () => {
    const { stdout } = await espalier("compress", at("net.onnx"), "--bits", "4", "--out", at("guess.esp"), "--json");
    expect(JSON.parse(stdout).basis).toEqual({ by: "weights", why: "No BatchNormalization tells of real inputs." });
  });
});

describe("compress within a loss", () => {
  it("writes a page beside the output, and says what labels say of both networks", async () => {
    const given = ["compress", at("net.onnx"), ...within(), "--out", at("small.esp"), "--json"];
    const { stdout } = await espalier(...given);
    const { files, judged, fidelity, measure, baseline } = JSON.parse(stdout);
    expect(files).toEqual({ report: at("small.report.html") });
    expect(judged).toEqual({
      measure: { name: "error", unit: "%", better: "lower" },
      baseline: { testError: expect.any(Number) },
      shared: { testError: expect.any(Number) },
    });
    const evaluated = await espalier("eval", at("small.esp"), "--data", at("blobs.ts"), "--split", "test", "--json");
    expect(judged.shared.testError).toBe(JSON.parse(evaluated.stdout).error);
    expect([measure.name, baseline]).toEqual(["argmax", undefined]);
    expect(fidelity.outputs).toHaveLength(1);
    const page = readFileSync(files.report, "utf8");
    expect(page).toContain("Size against fidelity");
    expect(page).toContain("net, compressed");

    const told = await espalier("compress", at("net.onnx"), ...within(), "--out", at("told.esp"));
    expect(told.stdout).toMatch(/^test error +[\d.]+% -> [\d.]+%$/m);
    expect(told.stdout.trim()).toMatch(/; see .*told\.report\.html$/);
  });

  it("writes the page where it is asked for, and of codebooks if it is", async () => {
    const net = ["compress", at("net.onnx"), "--out", at("asked.esp")];
    expect((await espalier(...net, ...within(), "--report", at("page.html"))).status).toBe(0);
    expect(existsSync(at("page.html"))).toBe(true);
    expect(readdirSync(folder)).not.toContain("asked.report.html");
    const shared = ["--bits", "4", "--data", at("blobs.ts"), "--epochs", "0"];
    expect((await espalier(...net, ...shared)).stdout).not.toContain("see ");
    expect((await espalier(...net, ...shared, "--report", at("codes.html"))).status).toBe(0);
    expect(readFileSync(at("codes.html"), "utf8")).toContain("from a codebook");
  });

  it("goes on from where it was stopped, whatever is to be told of it, and not for another loss", async () => {
    // Data that presses Ctrl-C once, when two networks have been judged and a third begins to be.
    const source = new URL("../blobs.ts", import.meta.url).pathname;
    writeFileSync(
      at("pressing.ts"),
      `import { blobs } from ${JSON.stringify(source)};
       const data = blobs();
       let read = 0;
       export default { ...data, validation: { ...data.validation, read(places, into) {
         read += places.length;
         if (read > 4 * data.validation.size && read - places.length <= 4 * data.validation.size)
           process.emit("SIGINT", "SIGINT");
         return data.validation.read(places, into);
       } } };`,
    );
    const command = ["compress", at("net.onnx"), "--data", at("pressing.ts"), "--epochs", "0"];
    const out = ["--out", at("resumed.esp")];
    const stopped = await espalier(...command, ...out, "--max-loss", "5");
    expect([stopped.status, stopped.stderr]).toEqual([130, expect.stringMatching(/the same command goes on from/)]);
    const other = await espalier(...command, ...out, "--max-loss", "4");
    expect([other.status, other.stderr]).toEqual([2, expect.stringMatching(/holds what another run had found/)]);
    const told = ["--max-loss", "5", "--json", "--quiet", "--report", at("resumed.html")];
    expect((await espalier(...command, ...out, ...told)).status).toBe(0);
    await espalier(...command, "--out", at("whole.esp"), "--max-loss", "5");
    expect(readFileSync(at("resumed.esp"))).toEqual(readFileSync(at("whole.esp")));
    expect(readdirSync(folder).filter((name) => name.endsWith(".curve.json"))).toEqual([]);
  });

  it.each<[string, string[], RegExp]>([
    ["where nothing is made small", [], /--report tells of weights .* give --bits or --max-loss too\.\s$/],
    ["in the place of the output", ["--bits", "4", "--report", "net.esp"], /net\.esp would be written twice/],
    ["over an input", ["--bits", "4", "--report", "net.onnx"], /net\.onnx would be written over a file that is read/],
  ])("refuses a page %s", async (_, options, message) => {
    const given = options.map((option) => (option.startsWith("net") ? at(option) : option));
    const report = options.includes("--report") ? [] : ["--report", at("never.html")];
    const { status, stderr } = await espalier("compress", at("net.onnx"), "--out", at("net.esp"), ...given, ...report);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(existsSync(at("net.esp"))).toBe(false);
  });
});
