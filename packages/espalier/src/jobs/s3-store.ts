import type * as S3 from "@aws-sdk/client-s3";
import { errorCode, UserError } from "../errors.ts";
import type { Store } from "./store.ts";

/**
 * A store in a bucket of S3, or of what speaks its protocol at `AWS_ENDPOINT_URL_S3`. Region and credentials come from
 * where Amazon's programs take them.
 * @param address such as `s3://bucket/prefix`
 * @throws UserError when it cannot be reached, or `@aws-sdk/client-s3` is not installed
 */
export async function s3Store(address: string): Promise<Store> {
  const [, bucket = "", path = ""] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(address) ?? [];
  if (bucket === "") throw new UserError(`"${address}" names no bucket: write s3://BUCKET/PREFIX.`);
  const prefix = path.replace(/\/+$/, "");
  const { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } =
    await load();
  const { AWS_ENDPOINT_URL_S3: own, AWS_ENDPOINT_URL: any } = process.env;
  const client = new S3Client({
    // Servers at an address of their own have no name for each bucket.
    forcePathStyle: (own ?? any) !== undefined,
    // Contents are checked by their hashes, and not all servers know other sums.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  const at = (key: string) => ({ Bucket: bucket, Key: prefix === "" ? key : `${prefix}/${key}` });
  const store: Store = {
    name: address,
    async has(key) {
      try {
        await client.send(new HeadObjectCommand(at(key)));
        return true;
      } catch (error) {
        return nothingIfMissing(error, false, address);
      }
    },
    async read(key) {
      try {
        const { Body } = await client.send(new GetObjectCommand(at(key)));
        return await Body?.transformToByteArray();
      } catch (error) {
        return nothingIfMissing(error, undefined, address);
      }
    },
    async write(key, contents) {
      try {
        await client.send(new PutObjectCommand({ ...at(key), Body: contents }));
      } catch (error) {
        throw unreachable(error, address);
      }
    },
    async remove(key) {
      try {
        await client.send(new DeleteObjectCommand(at(key)));
      } catch (error) {
        throw unreachable(error, address);
      }
    },
    async removeBelow(key) {
      const { Bucket, Key } = at(`${key}/`);
      try {
        let from: string | undefined;
        do {
          const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: Key, ContinuationToken: from }));
          for (const { Key } of page.Contents ?? []) await client.send(new DeleteObjectCommand({ Bucket, Key }));
          from = page.NextContinuationToken;
        } while (from !== undefined);
      } catch (error) {
        throw unreachable(error, address);
      }
    },
  };
  // A wrong address is told before there is work for it.
  await store.has("jobs");
  return store;
}

async function load(): Promise<typeof S3> {
  try {
    return await import("@aws-sdk/client-s3");
  } catch (error) {
    if (errorCode(error) !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UserError("A store in S3 needs @aws-sdk/client-s3: install it with `npm i @aws-sdk/client-s3`.");
  }
}

function nothingIfMissing<Nothing>(error: unknown, nothing: Nothing, address: string): Nothing {
  // A bucket that is not there is a mistake; what is asked for by HEAD has no name for what is missing.
  const name = error instanceof Error ? error.name : "";
  if (name === "NoSuchKey" || name === "NotFound") return nothing;
  throw unreachable(error, address);
}

function unreachable(error: unknown, address: string): UserError {
  const reason = error instanceof Error ? error.message || error.name : String(error);
  return new UserError(`Cannot use the store ${address} (${reason}): check its name, the region and the credentials.`);
}
