import { z } from "zod";
import { option, whole } from "../library/options/option.ts";
import { defineCommand } from "./command.ts";
import { untilAsked } from "./interrupt.ts";
import { note, printLine } from "./print.ts";
import { openBrowser } from "./studio/browser.ts";
import { serveStudio } from "./studio/serve.ts";

const options = z.object({
  port: option(whole("port", 0, 65_535).default(0), { help: "the port to listen on (0: any that is free)" }),
  noOpen: option(z.boolean().optional(), { help: "print the address, and open no browser" }),
});

/** `espalier studio`: the page on which a network is looked at, made smaller and taken home. */
export const studioCommand = () =>
  defineCommand({
    name: "studio",
    summary: "open a page to look at a network and make it smaller",
    description:
      "Opens a page in your browser: drop a network and inputs, see what it can lose, prune, retrain and share it, and\ndownload what comes out. All of it happens in the page: no file leaves it. The server listens on this machine alone,\nuntil Ctrl-C.",
    options,
    examples: ["studio", "studio --port 4100 --no-open"],
    async run({ options: { port, noOpen = false } }) {
      await untilAsked(async (signal) => {
        const server = await serveStudio(port);
        try {
          printLine(server.address);
          if (!noOpen) openBrowser(server.address);
          note("The studio is open at this address. Ctrl-C ends it.");
          await new Promise<void>((resolve) => {
            if (signal.aborted) resolve();
            signal.addEventListener("abort", () => resolve());
          });
        } finally {
          server.close();
        }
        note("The studio has ended.");
      });
    },
  });
