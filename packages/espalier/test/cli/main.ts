import { main } from "../../src/cli/main.ts";
import { endWithPipes } from "../../src/cli/pipes.ts";

endWithPipes();
process.exitCode = await main(process.argv.slice(2));
