import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A Redis of a test's own, which only this machine can reach. */
export interface OwnRedis {
  readonly port: number;
  readonly address: string;
  /** Starts it, again where it was stopped, with what it had. */
  start(): Promise<void>;
  /** @param signal SIGTERM: it writes all that it has; SIGKILL: it does not */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it with all that it has. */
  end(): Promise<void>;
}

/** Whether there is a redis-server; says so where there is none. */
export const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
if (!hasRedis) console.warn("There is no redis-server (apt-get install redis-server): tests of queues are skipped.");

/** Starts a Redis on a free port. @param options of its command line, such as `--requirepass`; with `--tls-cert-file` it speaks TLS alone */
export async function ownRedis(...options: string[]): Promise<OwnRedis> {
  const tls = options.includes("--tls-cert-file");
  const folder = mkdtempSync(join(tmpdir(), "espalier-redis-"));
  const port = await freePort();
  let server: ChildProcess | undefined;
  const start = async () => {
    const bounds = [
      "--bind",
      "127.0.0.1",
      tls ? "--tls-port" : "--port",
      String(port),
      ...(tls ? ["--port", "0"] : []),
      "--dir",
      folder,
    ];
    const started = spawn("redis-server", [...bounds, "--appendonly", "yes", "--save", "", ...options], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    server = started;
    for await (const text of started.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
      if (String(text).includes("Ready to accept connections")) break;
    }
    started.stdout.resume();
  };
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, "exit");
    server.kill(signal);
    await gone;
  };
  const end = async () => {
    await stop("SIGKILL");
    rmSync(folder, { recursive: true });
  };
  await start();
  return { port, address: `${tls ? "rediss://localhost" : "redis://127.0.0.1"}:${port}`, start, stop, end };
}

/** A port on which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (typeof address !== "object" || !address) throw new Error("There is no free port.");
  return address.port;
}
