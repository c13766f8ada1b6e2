import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { build, transform } from "esbuild";

const ROOT = join(import.meta.dirname, "../..");
const BUILT = "/packages/runtime/dist/";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".css": "text/css",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".ts": "text/javascript",
  ".wasm": "application/wasm",
};

export interface RepositoryServer {
  readonly address: string;
  close(): void;
}

export interface ServeOptions {
  /** Files that are not in the repository, by their paths: "/examples/model.esp". */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Whether pages are cross-origin isolated, so that threads may share memory. */
  readonly isolated?: boolean;
  /** The Content-Security-Policy of everything that is served. */
  readonly policy?: string;
  /** Whether all is as a site ships it: the runtime bundled and minified, everything but networks under brotli. */
  readonly shipped?: boolean;
}

/** https://developer.mozilla.org/en-US/docs/Web/API/Window/crossOriginIsolated */
const ISOLATION = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** Serves the repository's files on this machine: as they are, but the runtime's dist/ from its src/, of which it is built. */
export async function serveRepository(options: ServeOptions = {}): Promise<RepositoryServer> {
  const { isolated, policy, shipped = false } = options;
  const files = shipped ? { ...(await bundled()), ...options.files } : (options.files ?? {});
  const secure = { ...(isolated ? ISOLATION : {}), ...(policy ? { "content-security-policy": policy } : {}) };
  const server = createServer(async ({ url = "/" }, response) => {
    const asked = normalize(new URL(url, "http://localhost").pathname);
    const path = asked.endsWith("/") ? `${asked}index.html` : asked;
    try {
      const contents = files[path] ?? (await contentsOf(path));
      const type = TYPES[extname(path)] ?? "application/octet-stream";
      const coded = shipped && extname(path) in TYPES;
      const sent = coded ? brotliCompressSync(contents) : contents;
      const encoding = coded ? { "content-encoding": "br" } : {};
      const headers = { "content-type": type, "content-length": sent.length, ...encoding, ...secure };
      response.writeHead(200, headers).end(sent);
    } catch {
      response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function contentsOf(path: string): Promise<Uint8Array> {
  return path.startsWith(BUILT) ? built(path) : readFileSync(join(ROOT, path));
}

/** The runtime as a bundler makes it, by the paths of what is built: the entry, and what comes when it is needed. */
async function bundled(): Promise<Record<string, Uint8Array>> {
  const outdir = join(ROOT, BUILT);
  const { outputFiles } = await build({
    entryPoints: { index: join(ROOT, "packages/runtime/src/index.ts") },
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    outdir,
    write: false,
  });
  return Object.fromEntries(outputFiles.map(({ path, contents }) => [path.slice(ROOT.length), contents]));
}

/** A module of dist/, its imports as they are in src/: by the names of the sources. */
async function built(path: string): Promise<Buffer> {
  const source = path.replace(BUILT, "packages/runtime/src/").replace(/\.js$/, ".ts");
  const { code } = await transform(readFileSync(join(ROOT, source), "utf8"), { loader: "ts", target: "es2022" });
  return Buffer.from(code);
}
