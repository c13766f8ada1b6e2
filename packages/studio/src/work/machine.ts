import { type Engine, webEngine } from "espalier";
import type { Machine } from "../told.ts";
import { beside } from "./beside.ts";

/** More threads than this bring a page nothing: they wait for each other. */
const MOST_THREADS = 8;

/** What this browser offers. */
export function machineOf(device: Machine["device"] = "cpu"): Machine {
  const isolated = self.crossOriginIsolated;
  const threads = isolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency) : 1;
  return { isolated, threads, webgpu: "gpu" in navigator, device };
}

/** The engine that runs networks here. */
export const engineOn = ({ device, threads }: Machine): Promise<Engine> =>
  webEngine({ device, threads, assets: beside("ort/") });
