import { planJsonSchema } from "../../../src/cli/sweep/plan-schema.ts";
import { planCommands } from "../../../src/cli/sweep/read-plan.ts";

/** The JSON schema of the plans of sweeps, as the documents have it. */
export const schemaFile = new URL("../../../../../docs/sweep.schema.json", import.meta.url).pathname;

/** What is to be in it. */
export const schemaText = async () => `${JSON.stringify(planJsonSchema(await planCommands()))}\n`;
