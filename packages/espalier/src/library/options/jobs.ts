import { z } from "zod";
import { option, whole } from "./option.ts";

/** How the address of a queue is given. */
export const QUEUE_FORMS = "redis://HOST:PORT, or rediss://USER:PASSWORD@HOST:PORT with TLS, or a file that holds it";

/** Jobs at once, of what runs commands side by side. */
export const jobs = option(whole("number of jobs", 1, 256).optional(), {
  help: "jobs at once on this machine (default of a sweep: as many as its cores and memory hold)",
  outside: true,
});

/** Where jobs share what they read and give. */
export const store = option(z.string().optional(), {
  help: "a folder or s3://BUCKET/PREFIX, in which jobs share files and results, by content (default: store in --out)",
  value: "dir",
  outside: true,
});

/** The queue through which machines share jobs. Any text is taken here: of one that is refused, the password is shown. */
export const queue = option(z.string().optional(), {
  help: `the queue that machines share: ${QUEUE_FORMS}`,
  value: "address",
  outside: true,
});
