import { z } from "zod";
import { QUEUE_FORMS } from "./jobs.ts";
import { number, option, whole } from "./option.ts";

const SHARDS = { group: "Training on shards:" } as const;

/** Local SGD: training on parts of the data side by side. */
export const shardOptions = {
  shards: option(whole("number of shards", 1, 1024).optional(), {
    ...SHARDS,
    help: "train on so many parts of the samples by themselves, and go on from the mean (local SGD)",
  }),
  localSteps: option(whole("number of steps", 1, 1_000_000).optional(), {
    ...SHARDS,
    help: "steps of each shard before the mean is taken (default: as few as keep exchanges to a tenth of the time)",
  }),
  outerMomentum: option(number("momentum", 0, 0.9999).optional(), {
    ...SHARDS,
    help: "Nesterov's momentum of the means (default: 1 - 1 / shards, 0.9 at most)",
  }),
  outerRate: option(number("rate", Number.MIN_VALUE, 10).optional(), {
    ...SHARDS,
    help: "how much of the way to the mean to go (default: 1)",
    value: "x",
  }),
};

/** Where shards are trained. */
export const shardPlaceOptions = {
  jobs: option(whole("number of jobs", 1, 256).optional(), {
    ...SHARDS,
    help: "shards that are trained at once, each in a process of its own (default: one for each core)",
    outside: true,
  }),
  /** Any text is taken here: of one that is refused, the password is shown. */
  queue: option(z.string().optional(), {
    ...SHARDS,
    help: `the queue whose workers train shards: ${QUEUE_FORMS}`,
    value: "address",
    outside: true,
  }),
  store: option(z.string().optional(), {
    ...SHARDS,
    help: "the folder or s3://BUCKET/PREFIX that the workers of the queue have as theirs",
    value: "dir",
    outside: true,
  }),
};

export type ShardSettings = z.output<z.ZodObject<typeof shardOptions>>;
