import { UserError } from "../../errors.ts";

/** Where a queue is. */
export interface QueueAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  /** The number of the database there. */
  readonly db: number;
  readonly tls: boolean;
  /** The address as messages show it: without the password. */
  readonly shown: string;
}

const PORT = 6379;

/**
 * Reads an address such as `rediss://USER:PASSWORD@HOST:PORT/NUMBER`: `rediss` is TLS, with certificates that the system
 * trusts.
 * @throws UserError for any other, which it does not repeat: there may be a password in it
 */
export function readAddress(text: string): QueueAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const [, db = ""] = /^\/?(\d{0,5})$/.exec(url?.pathname ?? "?") ?? [];
  const isRedis = url?.protocol === "redis:" || url?.protocol === "rediss:";
  const name = decoded(url?.username);
  const password = decoded(url?.password);
  const isWhole = !url?.search && !url?.hash && /^\/?\d{0,5}$/.test(url?.pathname ?? "?");
  if (!url || !isRedis || !url.hostname || !isWhole || name === undefined || password === undefined) {
    throw new UserError(
      "The address of the queue is none: write it as redis://HOST:PORT, or rediss://USER:PASSWORD@HOST:PORT/NUMBER.",
    );
  }
  const { protocol, hostname, port } = url;
  return {
    // The brackets of an IPv6 address are the notation's.
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? PORT : Number(port),
    ...(name && { username: name }),
    ...(password && { password }),
    db: Number(db),
    tls: protocol === "rediss:",
    shown: `${protocol}//${hostname}${port && `:${port}`}${db && `/${db}`}`,
  };
}

/** A part of an address; undefined where it is badly encoded. */
function decoded(part = ""): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
