import { writeFileSync } from "node:fs";
import { schemaFile, schemaText } from "./schema-file.ts";

// `npm run schema`: writes the JSON schema of the plans of sweeps, which editors read.

writeFileSync(schemaFile, await schemaText());
