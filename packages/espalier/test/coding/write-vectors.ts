import { mkdirSync, writeFileSync } from "node:fs";
import { vectorFiles } from "./vectors-page.ts";

// `npm run vectors`
const folder = new URL("../../../../docs/vectors/", import.meta.url);
mkdirSync(folder, { recursive: true });
for (const { path, contents } of vectorFiles()) writeFileSync(new URL(path, folder), contents);
