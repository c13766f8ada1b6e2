import { type ChildProcess, execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { hasRedis, ownRedis } from "../../jobs/queue/redis.ts";
import { inOwnProcess } from "../own-process.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

it.skipIf(!hasRedis || !hasOpenssl)("a worker is at a queue with TLS, where it trusts the certificate", async () => {
  const folder = mkdtempSync(join(tmpdir(), "espalier-tls-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const made = ["-keyout", key, "-out", certificate];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", ...subject, ...made], { stdio: "ignore" });
  const files = ["--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate];
  const redis = await ownRedis(...files, "--tls-auth-clients", "no", "--requirepass", "secret");
  try {
    const address = redis.address.replace("//", "//:secret@");
    const words = ["worker", "--queue", address, "--store", join(folder, "store")];
    const endWhenThere = (child: ChildProcess) =>
      child.stderr?.on("data", (text) => String(text).includes("The worker is at") && child.kill("SIGTERM"));
    const trusting = await inOwnProcess(words, { env: { NODE_EXTRA_CA_CERTS: certificate }, onStart: endWhenThere });
    expect(trusting.stderr).toContain(`The worker is at ${redis.address}, queue espalier-`);
    expect(trusting.status).toBe(0);
    const wary = await inOwnProcess(words, { onStart: endWhenThere });
    expect(wary.stderr).toMatch(/The queue at rediss:\/\/localhost:\d+ cannot be reached \(self-signed certificate\)/);
    expect(wary.status).toBe(2);
  } finally {
    await redis.end();
    rmSync(folder, { recursive: true });
  }
});
