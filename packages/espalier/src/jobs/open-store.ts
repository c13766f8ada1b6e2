import { UserError } from "../errors.ts";
import { folderStore } from "./folder-store.ts";
import type { Store } from "./store.ts";

/**
 * Opens the store of an address.
 * @param address a folder, or `s3://bucket/prefix`
 * @throws UserError when it cannot be written, or there is no store of that kind
 */
export async function openStore(address: string): Promise<Store> {
  const [, kind] = /^(\w+):\/\//.exec(address) ?? [];
  if (kind === undefined) return folderStore(address);
  if (kind === "s3") {
    // Whoever has no such store need not have what it is made of.
    const { s3Store } = await import("./s3-store.ts");
    return s3Store(address);
  }
  throw new UserError(`There is no store of the kind "${kind}": name a folder, or s3://BUCKET/PREFIX.`);
}
