import { labJob } from "./lab-job.ts";

// What workers load that take the networks of an experiment through rounds.

export const jobs = [labJob];
