import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeModel } from "../../src/onnx/write.ts";
import { blobNet } from "../blobs.ts";
import { inOwnProcess } from "./own-process.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-outside-"));
const at = (...names: string[]) => join(folder, ...names);
const log = at("calls");

/** Calls by which files come, go or change, and by which something is sent. */
const FILES =
  "openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,rmdir,truncate";
const SOCKETS = "connect,bind,sendto,sendmsg,sendmmsg";

/** Without any network, and told of each such call. */
const WATCHED = ["unshare", "--map-root-user", "--net", "strace", "-f", "-qq", "-s", "4096", "-o", log] as const;
const watchable = spawnSync(WATCHED[0], [...WATCHED.slice(1), "-e", "trace=connect", "true"]).status === 0;

beforeAll(() => {
  for (const name of ["home", "temporary"]) mkdirSync(at(name));
  const source = new URL("../blobs.ts", import.meta.url).pathname;
  writeFileSync(at("blobs.ts"), `import { blobs } from ${JSON.stringify(source)};\nexport default () => blobs();`);
  writeFileSync(at("net.onnx"), writeModel(blobNet()));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The calls of a process and its children, each a line, without what only read. */
function callsIn(text: string): string[] {
  return text.split("\n").flatMap((line) => {
    const call = line.replace(/^\d+ +/, "");
    const reads = /^openat\(/.test(call) && !/O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(call);
    return /^[a-z0-9]+\(/.test(call) && !reads ? [call] : [];
  });
}

/** The paths that a call names. */
const pathsOf = (call: string) => [...call.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, path]) => resolve(path));

/** What a message is sent to: none where it goes to a process's own other end. */
const isSent = (call: string) =>
  /^(connect|bind|send)/.test(call) && /sa_family=AF_(?!UNSPEC)/.test(call) && !TRANSLATOR.test(call);

/** What translates the sources looks for the process that started it. */
const TRANSLATOR = /AF_UNIX, sun_path="[^"]*\/tsx-\d+\/\d+\.pipe"/;

describe.skipIf(!watchable)("a run (watched by strace in a network namespace of its own, where there are both)", () => {
  it.each<[string, readonly string[]]>([
    ["prune", ["prune", at("net.onnx"), "--data", at("blobs.ts"), "--rate", "2", "--epochs", "1", "--batch", "20"]],
    ["compress", ["compress", at("net.onnx"), "--data", at("blobs.ts"), "--unlabeled"]],
    ["inspect", ["inspect", at("net.onnx"), "--data", at("blobs.ts")]],
  ])(
    "leaves nothing outside of --out, and connects nowhere: %s",
    async (name, args) => {
      const writes = name !== "inspect";
      const out = at(name);
      mkdirSync(out);
      const place = name === "compress" ? join(out, "net.esp") : out;
      const { status, stderr } = await inOwnProcess([...args, "--threads", "1", ...(writes ? ["--out", place] : [])], {
        by: [...WATCHED, "-e", `trace=${FILES},${SOCKETS}`],
        // What runs the sources keeps them translated elsewhere.
        env: { HOME: at("home"), TMPDIR: at("temporary"), XDG_CACHE_HOME: "", TSX_DISABLE_CACHE: "1" },
      });
      expect([status, stderr]).toEqual([0, expect.anything()]);
      const calls = callsIn(readFileSync(log, "utf8"));
      const outside = calls.filter((call) =>
        pathsOf(call).some((path) => !path.startsWith(out) && path !== "/dev/null"),
      );
      expect(outside.filter((call) => !/^(connect|bind|send)/.test(call))).toEqual([]);
      expect(calls.filter(isSent)).toEqual([]);
      expect([...readdirSync(at("home")), ...readdirSync(at("temporary"))]).toEqual([]);
      // It is watched at all: what it writes is seen.
      if (writes) expect(calls.some((call) => pathsOf(call).some((path) => path.startsWith(out)))).toBe(true);
    },
    180_000,
  );
});
