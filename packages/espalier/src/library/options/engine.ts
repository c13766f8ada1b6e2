import { DEVICES } from "../../engine/engine.ts";
import { oneOf, option, whole } from "./option.ts";

/** What chooses the engine, of all that runs a network. */
export const engineOptions = {
  device: option(oneOf(DEVICES).default("cpu"), { help: "the device to run on" }),
  threads: option(whole("number of threads", 1, 256).optional(), {
    help: "threads of the runtime (default: one for each core)",
  }),
};
