import { digestOf } from "../digest.ts";
import { processorName } from "../processor.ts";
import { jobVersion } from "../version.ts";

/** What this machine's results depend on beside the jobs: machines of one kind give the same bytes. */
export const machineKind = () => `${jobVersion()} on ${processorName()}`;

/** The queue of a kind: machines of others do not see its jobs. */
export const queueName = (kind: string) => `espalier-${digestOf(kind).slice(0, 12)}`;

/** Where those who work are told which jobs are not wanted any more. */
export const stopChannel = (kind: string) => `${queueName(kind)}:stop`;
