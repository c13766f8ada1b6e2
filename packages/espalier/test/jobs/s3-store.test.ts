import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { openStore } from "../../src/jobs/open-store.ts";
import { getContents, putContents } from "../../src/jobs/store.ts";

/** A server with one bucket, which knows no more of S3 than a store needs. */
const objects = new Map<string, Buffer>();
const server = createServer(async (request, response) => {
  const path = decodeURIComponent(new URL(request.url ?? "", "http://localhost").pathname);
  const none = (code: string) => {
    response.writeHead(404, { "content-type": "application/xml" });
    response.end(
      request.method === "HEAD" ? "" : `<Error><Code>${code}</Code><Message>There is none.</Message></Error>`,
    );
  };
  if (!request.headers.authorization?.includes("Credential=key/")) {
    response.writeHead(403).end();
  } else if (!path.startsWith("/bucket")) none("NoSuchBucket");
  else if (path === "/bucket" || path === "/bucket/") {
    // Lists one at a time.
    const asked = new URL(request.url ?? "", "http://localhost").searchParams;
    const keys = [...objects.keys()].map((key) => key.slice("/bucket/".length)).sort();
    const after = asked.get("continuation-token") ?? "";
    const [first, next] = keys.filter((key) => key.startsWith(asked.get("prefix") ?? "") && key > after);
    const listed = first === undefined ? "" : `<Contents><Key>${first}</Key></Contents>`;
    const more = next === undefined ? "" : `<NextContinuationToken>${first}</NextContinuationToken>`;
    response.writeHead(200, { "content-type": "application/xml" });
    response.end(`<ListBucketResult>${listed}${more}</ListBucketResult>`);
  } else if (request.method === "DELETE") {
    objects.delete(path);
    response.writeHead(204).end();
  } else if (request.method === "PUT") {
    objects.set(path, await buffer(request));
    response.writeHead(200).end();
  } else {
    const found = objects.get(path);
    if (found) response.writeHead(200, { "content-length": found.length }).end(found);
    else none("NoSuchKey");
  }
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  vi.stubEnv("AWS_ENDPOINT_URL_S3", `http://127.0.0.1:${port}`);
  vi.stubEnv("AWS_REGION", "nowhere-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "key");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.close();
});

const bytes = (text: string) => new TextEncoder().encode(text);

it("has contents in a bucket, below a prefix", async () => {
  const store = await openStore("s3://bucket/some/where/");
  const digest = await putContents(store, bytes("leaf"));
  expect([...objects.keys()]).toEqual([`/bucket/some/where/sha256/${digest.slice(0, 2)}/${digest}`]);
  expect(new TextDecoder().decode(await getContents(store, digest))).toBe("leaf");
  expect(await store.has("jobs/none")).toBe(false);
  expect(await store.read("jobs/none")).toBeUndefined();
  await expect(putContents({ ...store, write: () => Promise.reject(new Error("twice")) }, bytes("leaf"))).resolves.toBe(
    digest,
  );
});

it("removes one, or all below a key, and what is not there", async () => {
  const store = await openStore("s3://bucket/gone");
  const left = () => [...objects.keys()].filter((key) => key.startsWith("/bucket/gone/"));
  for (const key of ["a/1", "a/2", "a/3", "ab/4"]) await store.write(key, bytes(key));
  await store.remove("a/1");
  await store.remove("a/1");
  expect(left()).toHaveLength(3);
  await store.removeBelow("a");
  expect(left()).toEqual(["/bucket/gone/ab/4"]);
});

it("says what is wrong with an address", async () => {
  await expect(openStore("s3://")).rejects.toThrow('"s3://" names no bucket: write s3://BUCKET/PREFIX.');
  await expect(openStore("s3://UPPER/x")).rejects.toThrow("names no bucket");
  const other = await openStore("s3://other/x");
  await expect(other.read("jobs/none")).rejects.toThrow(/^Cannot use the store s3:\/\/other\/x \(There is none\.\): /);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "another");
  await expect(openStore("s3://bucket/x")).rejects.toThrow(/^Cannot use the store s3:\/\/bucket\/x \(/);
});
