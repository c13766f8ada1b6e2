import { z } from "zod";
import { option, whole } from "./option.ts";

/** Jobs at once, of what runs commands side by side. */
export const jobs = option(whole("number of jobs", 1, 256).optional(), {
  help: "jobs at once on this machine (default: as many as its cores and memory hold)",
  outside: true,
});

/** Where jobs share what they read and give. */
export const store = option(z.string().optional(), {
  help: "the folder in which jobs share files and results, by content (default: store in --out)",
  value: "dir",
  outside: true,
});
