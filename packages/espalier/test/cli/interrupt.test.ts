import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { writeModel } from "../../src/onnx/write.ts";
import { blobNet } from "../blobs.ts";
import { espalier } from "./espalier.ts";
import { inOwnProcess } from "./own-process.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-interrupt-"));
const at = (name: string) => join(folder, name);
const net = at("net.onnx");
const data = ["--data", at("blobs.ts"), "--threads", "1"];
const training = [...data, "--batch", "20", "--epochs", "3"];

beforeAll(() => {
  // A dataset that presses Ctrl-C when a split is read for the second time, and whose test split takes more reads.
  const source = new URL("../blobs.ts", import.meta.url).pathname;
  writeFileSync(
    at("blobs.ts"),
    `import { blobs } from ${JSON.stringify(source)};
     export default () => {
       const data = blobs();
       let reads = 0;
       const pressing = (split) => ({ ...split, read(...given) {
         if (++reads === 2) process.emit("SIGINT", "SIGINT");
         return split.read(...given);
       } });
       const long = { ...data.test, size: 5000, read: (places, into) =>
         data.test.read(Array.from(places, (place) => place % data.test.size), into) };
       return { ...data, train: pressing(data.train), validation: pressing(data.validation), test: pressing(long) };
     };`,
  );
  writeFileSync(net, writeModel(blobNet()));
  writeFileSync(at("package.json"), '{ "type": "module" }');
});

afterEach(() => vi.restoreAllMocks());
afterAll(() => rmSync(folder, { recursive: true }));

describe("Ctrl-C", () => {
  it.each<[string, string[]]>([
    ["train", ["train", net, ...training, "--out", at("trained.onnx")]],
    ["eval", ["eval", net, ...data]],
    ["scan", ["scan", net, ...data, "--densities", "1,0.5", "--out", at("scan")]],
    ["prune --rate", ["prune", net, ...training, "--rate", "2", "--out", at("rate")]],
    ["prune --max-loss", ["prune", net, ...training, "--max-loss", "1", "--out", at("loss")]],
    ["prune --density", ["prune", net, ...training, "--density", "*=0.5", "--out", at("density")]],
    ["prune --unlabeled", ["prune", net, ...data, "--unlabeled", "--rate", "2", "--out", at("unlabeled")]],
    ["compress --bits", ["compress", net, ...data, "--bits", "4", "--out", at("bits.esp")]],
    ["compress --max-loss", ["compress", net, ...data, "--max-loss", "1", "--out", at("loss.esp")]],
    ["compress --train-rate", ["compress", net, ...data, "--train-rate", "--lambda", "1e-4", "--out", at("rate.esp")]],
    ["compress --unlabeled", ["compress", net, ...data, "--unlabeled", "--lambda", "0.1", "--out", at("own.esp")]],
  ])("ends %s with its status and one sentence", async (_, args) => {
    const { status, stdout, stderr } = await espalier(...args);
    expect(stderr).toMatch(/espalier: Stopped; [^\n]+\.\n$/);
    expect([status, stdout]).toEqual([130, ""]);
    for (const name of readdirSync(folder)) expect(name).not.toMatch(/\.tmp$|\.esp$|^trained\.onnx$/);
  });

  it.each<[string, string[]]>([
    ["inspect", ["inspect", net]],
    ["compact", ["compact", net, "--out", at("compact.onnx")]],
    ["simplify", ["simplify", net, "--out", at("simple.onnx")]],
    ["quantize", ["quantize", net, "--to", "int8", "--out", at("int8.onnx")]],
  ])("ends %s as soon as it has a turn", async (_, args) => {
    // Until the work has a signal of its own the command is still being loaded, and ends at once.
    const Controller = AbortController;
    vi.spyOn(globalThis, "AbortController").mockImplementation(function make() {
      setTimeout(() => process.emit("SIGINT", "SIGINT"));
      return new Controller();
    });
    const exit = vi.spyOn(process, "exit").mockImplementation((status) => {
      throw new Error(`exit ${status}`);
    });
    const { status, stdout, stderr } = await espalier(...args);
    expect(exit).not.toHaveBeenCalled();
    expect([status, stdout, stderr]).toEqual([
      130,
      "",
      expect.stringMatching(/espalier: Stopped; nothing was \w+\.\n$/),
    ]);
    expect(readdirSync(folder).filter((name) => /compact|simple/.test(name))).toEqual([]);
  });

  it.each<[string, string[]]>([
    ["inspect", ["inspect", "-"]],
    ["decompress", ["decompress", "-", "--out", at("never.onnx")]],
    ["import", ["import", "caffe", "--prototxt", "-", "--out", at("never.onnx")]],
  ])("ends %s while it waits for standard input", async (_, args) => {
    const ended = inOwnProcess(args, {
      onStart(child) {
        // More than a pipe holds, so that it is written when the command reads.
        child.stdin?.write(Buffer.alloc(2 ** 22), () => child.kill("SIGINT"));
      },
      open: true,
    });
    const { status, signal } = await ended;
    expect([130, "SIGINT"]).toContain(status ?? signal);
    expect(existsSync(at("never.onnx"))).toBe(false);
  });

  it.each<[string, string[]]>([
    ["demo", ["demo", "--quick", "--threads", "1", "--out", at("demo")]],
    ["reproduce", ["reproduce", "fig6", "--quick", "--threads", "1", "--out", at("reproduce")]],
  ])("ends %s", async (name, args) => {
    const { status, stdout, stderr } = await inOwnProcess(args, {
      onStart(child) {
        const lock = at(`${name}/.espalier.lock`);
        const press = setInterval(() => {
          if (!existsSync(lock)) return;
          clearInterval(press);
          setTimeout(() => child.kill("SIGINT"), 3000);
        }, 100);
      },
    });
    expect(stderr).toMatch(/espalier: Stopped; [^\n]+\.\n$/);
    expect([status, stdout.toString()]).toEqual([130, ""]);
    expect(readdirSync(at(name)).filter((file) => !/^(checkpoint\.onnx|runs)$/.test(file))).toEqual([]);
  });

  it("ends at once what cannot be asked yet", async () => {
    const exit = vi.spyOn(process, "exit").mockImplementation((status) => {
      throw new Error(`exit ${status}`);
    });
    setTimeout(() => expect(() => process.emit("SIGINT", "SIGINT")).toThrow("exit 130"));
    const { stdout, stderr } = await espalier("inspect", net, ...data, "--json");
    expect(exit).toHaveBeenCalledWith(130);
    expect(stderr).toContain("espalier: Stopped; nothing was written.\n");
    expect(stdout).toContain('{"error":"Stopped; nothing was written."}\n');
  });

  it("leaves no listener behind", async () => {
    const before = process.listenerCount("SIGINT");
    await espalier("inspect", net);
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});

describe("a pipe that nobody reads", () => {
  it("ends the command without a word", async () => {
    const { status, stderr } = await inOwnProcess(["inspect", net], { onStart: ({ stdout }) => stdout?.destroy() });
    expect([status, stderr]).toEqual([141, ""]);
  });
});
