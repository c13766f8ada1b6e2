import { errorOf, type Reply, type Request } from "./messages.ts";
import { type Link, start, type WorkerProgram } from "./start.ts";

/** What became of a request: what the job gave, or how its worker ended without it. */
export type Outcome = { readonly output: unknown } | { readonly ended: string };

export interface SlotOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (told: unknown) => void;
}

/** How often an input is given to a worker before it is held to be what ends them. */
const TRIES = 2;

/** Room for one worker, which does one job at a time and is started when there is one. */
export class Slot {
  readonly #program: WorkerProgram;
  #link: Link | undefined;
  #listener: { onReply(reply: Reply): void; onEnd(how: string): void } | undefined;

  constructor(program: WorkerProgram) {
    this.#program = program;
  }

  /**
   * Has a job done. The signal ends the worker with it.
   * @throws what the job throws; the signal's reason
   */
  do(request: Request, { signal, onProgress }: SlotOptions): Promise<Outcome> {
    return new Promise<Outcome>((resolve, reject) => {
      signal?.throwIfAborted();
      this.#link ??= this.#start();
      const link = this.#link;
      const settle = (how: () => void) => {
        signal?.removeEventListener("abort", onAbort);
        this.#listener = undefined;
        link.hold(false);
        how();
      };
      const onAbort = () => {
        settle(() => {});
        this.stop().then(() => reject(signal?.reason), reject);
      };
      signal?.addEventListener("abort", onAbort);
      this.#listener = {
        onReply(reply) {
          if (reply.kind === "progress") onProgress?.(reply.told);
          else if (reply.kind === "done") settle(() => resolve({ output: reply.output }));
          else settle(() => reject(errorOf(reply)));
        },
        onEnd: (how) => settle(() => resolve({ ended: how })),
      };
      link.hold(true);
      try {
        link.send(request);
      } catch (error) {
        settle(() => reject(error));
      }
    });
  }

  /**
   * Has a job done, by a second worker where the first dies.
   * @returns what the job gives
   * @throws what it throws; the signal's reason; an Error when the second worker dies too
   */
  async insist(request: Request, options: SlotOptions): Promise<unknown> {
    let last = "";
    for (let tries = 0; tries < TRIES; tries++) {
      const outcome = await this.do(request, options);
      if ("output" in outcome) return outcome.output;
      last = outcome.ended;
    }
    throw new Error(`The job "${request.job}" ended its worker ${TRIES} times (${last}): memory may be short.`);
  }

  async stop(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    await link?.stop();
  }

  #start(): Link {
    const link = start(this.#program, {
      onReply: (reply) => this.#listener?.onReply(reply),
      onEnd: (how) => {
        // One that was stopped has made room for another already.
        if (this.#link !== link) return;
        this.#link = undefined;
        this.#listener?.onEnd(how);
      },
    });
    return link;
  }
}
