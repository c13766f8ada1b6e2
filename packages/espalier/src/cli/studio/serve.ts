import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createReadStream, readdirSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorCode, UserError } from "../../errors.ts";

/** The page as it was built, in a checkout as in an installed package. */
export const PAGE = fileURLToPath(new URL("../../../dist/studio/", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/**
 * What the page may do: load what this server has, compile WebAssembly, start workers; no script that is written into a
 * page, no other host. Charts and libraries set styles.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "connect-src 'self' blob:",
  "worker-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "content-security-policy": POLICY,
  // Isolated, so that threads may share memory.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
};

/** A studio that can be opened. */
export interface StudioServer {
  /** Where it is, with the token that lets in. */
  readonly address: string;
  close(): void;
}

/**
 * Serves the studio to this machine alone. All addresses begin with a token that nobody can guess; what is asked for
 * otherwise, or under another name of this machine, is not there.
 * @param port 0: any that is free
 * @param page the folder of the page as it was built
 * @throws UserError when the port is taken, or the page is not built
 */
export async function serveStudio(port: number, page = PAGE): Promise<StudioServer> {
  const files = filesOf(page);
  const token = randomBytes(18).toString("base64url");
  let host = "";
  const server = createServer((request, response) => {
    const path = request.headers.host === host ? within(request.url ?? "", token) : undefined;
    answer(request, response, path === undefined ? undefined : files.get(path || "index.html"));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening").catch((error: unknown) => {
    const code = errorCode(error);
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    throw new UserError(
      `The port ${port} ${code === "EACCES" ? "is not yours to use" : "is taken"}: give another --port, or none.`,
    );
  });
  const bound = server.address();
  host = `127.0.0.1:${typeof bound === "object" && bound ? bound.port : port}`;
  return {
    address: `http://${host}/${token}/`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The files that are served, by their paths: the page, and the WebAssembly of the engine, which is a package of its own. */
function filesOf(page: string): Map<string, string> {
  const files = new Map<string, string>();
  const add = (folder: string, under: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) add(join(folder, entry.name), `${under}${entry.name}/`);
      else files.set(under + entry.name, join(folder, entry.name));
    }
  };
  try {
    add(page, "");
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    throw new UserError("The studio's page is not built: run npm run build in the checkout, or install espalier anew.");
  }
  const engine = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
  for (const name of readdirSync(engine)) {
    if (/^ort-wasm-simd-threaded.*\.(mjs|wasm)$/.test(name)) files.set(`ort/${name}`, join(engine, name));
  }
  return files;
}

/** What lies behind the token in a path; undefined where the token is another. */
function within(url: string, token: string): string | undefined {
  const [, given = "", path] = /^\/([^/?#]*)\/([^?#]*)/.exec(url) ?? [];
  const [own, other] = [Buffer.from(token), Buffer.from(given)];
  return own.length === other.length && timingSafeEqual(own, other) ? path : undefined;
}

function answer({ method }: IncomingMessage, response: ServerResponse, file: string | undefined): void {
  if (method !== "GET" && method !== "HEAD") {
    response.writeHead(405, { ...HEADERS, allow: "GET, HEAD" }).end();
    return;
  }
  if (file === undefined) {
    response.writeHead(404, { ...HEADERS, "content-type": "text/plain" }).end("There is nothing here.\n");
    return;
  }
  const type = TYPES[extname(file)] ?? "application/octet-stream";
  response.writeHead(200, { ...HEADERS, "content-type": type, "content-length": statSync(file).size });
  if (method === "HEAD") response.end();
  else
    createReadStream(file)
      .on("error", () => response.destroy())
      .pipe(response);
}
