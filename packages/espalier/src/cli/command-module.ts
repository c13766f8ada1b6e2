import { resolve } from "node:path";

/** What a worker that does calls of commands is given. */
export interface CommandModuleOptions {
  /** A folder, or an S3 address. */
  readonly store: string;
  /** Where jobs have their folders while they are done; of two workers' processes both may be given one. */
  readonly folder: string;
  /** Modules of data and measures that jobs may load: no other is. */
  readonly modules?: readonly string[];
}

/** The address of the module by which a worker does calls of commands, for `localExecutor`. */
export function commandModule({ store, folder, modules = [] }: CommandModuleOptions): string {
  const address = new URL("./command-worker.js", import.meta.url);
  address.searchParams.set("store", store.includes("://") ? store : resolve(store));
  address.searchParams.set("folder", resolve(folder));
  for (const module of modules) address.searchParams.append("module", resolve(module));
  return address.href;
}
