import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type StudioServer, serveStudio } from "../../src/cli/studio/serve.ts";
import { UserError } from "../../src/errors.ts";
import { espalier } from "./espalier.ts";

const page = mkdtempSync(join(tmpdir(), "espalier-studio-"));
let server: StudioServer;

beforeAll(async () => {
  mkdirSync(join(page, "assets"));
  writeFileSync(join(page, "index.html"), "<!doctype html>");
  writeFileSync(join(page, "assets/page.js"), "1;");
  server = await serveStudio(0, page);
});
afterAll(() => {
  server.close();
  rmSync(page, { recursive: true });
});

interface Answered {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

/** Asks for a path as it is, without what a browser would tidy. */
function ask(path: string, { method = "GET", host }: { method?: string; host?: string } = {}): Promise<Answered> {
  const { hostname, port } = new URL(server.address);
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    request({ hostname, port, path, method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
    })
      .on("error", reject)
      .end();
  });
}

describe("the studio's server", () => {
  it("is on this machine alone, behind a token that nobody can guess", async () => {
    const { hostname, pathname } = new URL(server.address);
    expect(hostname).toBe("127.0.0.1");
    expect(pathname).toMatch(/^\/[\w-]{24}\/$/);
    const other = await serveStudio(0, page);
    expect(new URL(other.address).pathname).not.toBe(pathname);
    other.close();
  });

  it("gives the page, isolated, with a policy that allows no script in it and no other host", async () => {
    const { pathname } = new URL(server.address);
    const { status, headers, text } = await ask(pathname);
    expect([status, text]).toEqual([200, "<!doctype html>"]);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    });
    const policy = String(headers["content-security-policy"]);
    expect(policy).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/https?:|\*/);
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });

  it("gives the page's files, and the engine's WebAssembly", async () => {
    const { pathname } = new URL(server.address);
    expect((await ask(`${pathname}assets/page.js`)).text).toBe("1;");
    const wasm = await ask(`${pathname}ort/ort-wasm-simd-threaded.wasm`, { method: "HEAD" });
    expect([wasm.status, wasm.headers["content-type"], wasm.text]).toEqual([200, "application/wasm", ""]);
  });

  it.each([
    ["no token", () => "/"],
    ["another token", () => `/${"a".repeat(24)}/`],
    ["a part of the token", () => new URL(server.address).pathname.slice(0, -3)],
    ["a path beyond the page", () => `${new URL(server.address).pathname}../../../../etc/passwd`],
    ["a path beyond the page, written otherwise", () => `${new URL(server.address).pathname}..%2f..%2fetc/passwd`],
    ["a folder", () => `${new URL(server.address).pathname}assets/`],
  ])("has nothing for %s", async (_, path) => {
    expect((await ask(path())).status).toBe(404);
  });

  it("has nothing under another name of this machine, which another page may have made", async () => {
    const { pathname, port } = new URL(server.address);
    for (const host of ["evil.example", `evil.example:${port}`, `localhost:${port}`]) {
      expect((await ask(pathname, { host })).status).toBe(404);
    }
  });

  it("takes nothing", async () => {
    const { status, headers } = await ask(new URL(server.address).pathname, { method: "POST" });
    expect([status, headers.allow]).toEqual([405, "GET, HEAD"]);
  });

  it("says that a port is taken, and that the page is not built", async () => {
    const port = Number(new URL(server.address).port);
    await expect(serveStudio(port, page)).rejects.toThrow(`The port ${port} is taken: give another --port, or none.`);
    await expect(serveStudio(0, join(page, "none"))).rejects.toThrow(UserError);
  });
});

describe("espalier studio", () => {
  it("prints the address and ends with Ctrl-C", async () => {
    const running = espalier("studio", "--no-open");
    // The address is printed when the server listens.
    await expect.poll(() => vi.mocked(process.stdout.write).mock.calls.length, { timeout: 20_000 }).toBe(1);
    process.emit("SIGINT", "SIGINT");
    const { status, stdout, stderr } = await running;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/\n$/);
    expect(stderr).toMatch(/Ctrl-C ends it\.\n.*The studio has ended\.\n$/s);
  });
});
