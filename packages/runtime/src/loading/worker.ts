/** The worker that `load` decodes in: a module of its own, `espalier/runtime/worker`. */
import { later } from "../codec/further.ts";
import { UserError } from "../errors.ts";
import type { Answer, Order } from "./decoding-worker.ts";
import { StreamDecoder } from "./stream.ts";

interface WorkerScope {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage(message: Answer, transfer?: ArrayBuffer[]): void;
}

const scope = globalThis as unknown as WorkerScope;
const whole = () => later;
let decoder = new StreamDecoder("", whole);

scope.onmessage = ({ data }) => {
  try {
    if (typeof data === "string") decoder = new StreamDecoder(data, whole);
    else if (data) scope.postMessage({ progress: decoder.push(data) });
    else {
      const file = decoder.end();
      scope.postMessage({ file }, [file.buffer]);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    scope.postMessage({ error: reason, usersMistake: error instanceof UserError });
  }
};
