import { existsSync } from "node:fs";
import { z } from "zod";
import { readAddress } from "../jobs/queue/address.ts";
import { option } from "../library/options/option.ts";
import { readFile } from "./files.ts";

/** The queue through which machines share work. Its schema takes any text: what is refused by one is printed. */
export const queue = (help: string) => option(z.string().optional(), { help, value: "address", outside: true });

/**
 * The address that an option gives: itself, or the name of a file that holds it, where a password is not for all to see.
 * @throws UserError where it is none
 */
export function queueAddress(given: string): string {
  const address = existsSync(given) ? new TextDecoder().decode(readFile(given)).trim() : given;
  readAddress(address);
  return address;
}
