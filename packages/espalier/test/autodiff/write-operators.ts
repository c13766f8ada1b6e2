import { writeFileSync } from "node:fs";
import { operatorsPage } from "./operators-page.ts";

// `npm run operators`
writeFileSync(new URL("../../../../docs/operators.md", import.meta.url), await operatorsPage());
