#!/usr/bin/env node
import { main } from "../dist/cli/main.js";
import { endWithPipes } from "../dist/cli/pipes.js";

endWithPipes();
process.exitCode = await main(process.argv.slice(2));
