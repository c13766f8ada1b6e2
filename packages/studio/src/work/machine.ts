import { type Engine, webEngine } from "espalier";
import type { Machine } from "../told.ts";
import { beside } from "./beside.ts";

/** More threads than this bring a page nothing: they wait for each other. */
const MOST_THREADS = 8;

/** Networks of more bytes are not run unasked: a second copy of their weights may have no room. */
export const MOST_RUN = 2 ** 26;

/** What this browser offers. */
function machineOf(device: Machine["device"] = "cpu"): Machine {
  const isolated = self.crossOriginIsolated;
  const threads = isolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  return { isolated, threads, webgpu: "gpu" in navigator, device };
}

const engineOn = ({ device, threads }: Machine): Promise<Engine> =>
  webEngine({ device, threads, assets: beside("ort/") });

/** Where networks run: the engine is made when it is first asked for. */
export class Runner {
  #machine = machineOf();
  #engine: Promise<Engine> | undefined;

  get machine(): Machine {
    return this.#machine;
  }

  engine(): Promise<Engine> {
    this.#engine ??= engineOn(this.#machine);
    return this.#engine;
  }

  /** Runs networks elsewhere from now on, if that can be. */
  async moveTo(device: Machine["device"]): Promise<Machine> {
    const machine = machineOf(device);
    const engine = engineOn(machine);
    await engine;
    [this.#machine, this.#engine] = [machine, engine];
    return machine;
  }
}
