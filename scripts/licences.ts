import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { licencesPage } from "./licences-page.ts";
import { ROOT } from "./shell.ts";

// `npm run licences`
writeFileSync(join(ROOT, "docs/licences.md"), licencesPage());
