import { parentPort } from "node:worker_threads";

// A module that cannot be loaded, as its worker knows before it says that it is there.

setTimeout(() => {
  const reply = { kind: "progress", told: "is there" };
  if (parentPort) parentPort.postMessage(reply);
  else process.send?.(reply);
}, 100);

throw new Error("These jobs are broken.");
