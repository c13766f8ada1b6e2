import { computed, signal } from "@preact/signals";
import type { Step } from "../steps.ts";
import type {
  InputFacts,
  InputKind,
  Look,
  Machine,
  NetworkDetails,
  Point,
  Preview,
  Sensitivity,
  Told,
  Version,
} from "../told.ts";

/** Work that goes on. */
export interface Busy {
  /** Which part of the page it is about. */
  readonly about: "network" | "inputs" | "see" | "do" | "take";
  readonly what: string;
  /** From 0 to 1, where it is known. */
  readonly part?: number;
  readonly startedAt: number;
  /** Whether there is a button that ends it. */
  readonly canStop: boolean;
}

export type Epoch = Extract<Told, { kind: "epoch" }>;

export const machine = signal<Machine>();
export const versions = signal<readonly Version[]>([]);
export const chosen = signal(0);
export const details = signal<ReadonlyMap<number, NetworkDetails>>(new Map());
export const inputs = signal<InputFacts>();
/** What inputs were made of last, whether or not that could be. */
export const tried = signal<InputKind>();
export const preview = signal<Preview>();
export const busy = signal<Busy>();
/** What went wrong last, in a sentence. */
export const mistake = signal("");
export const notes = signal<readonly string[]>([]);
export const epochs = signal<readonly Epoch[]>([]);
export const densities = signal<readonly Extract<Told, { kind: "round" }>[]>([]);
export const points = signal<readonly Point[]>([]);
export const pointsMeasure = signal("");
export const sensitivities = signal<readonly Sensitivity[]>([]);
export const look = signal<Look>();
/** A step that was stopped, and can go on. */
export const pending = signal<Step>();

/** The network that is looked at. */
export const version = computed(() => versions.value.find(({ id }) => id === chosen.value));
