import { UserError } from "../../errors.ts";
import { OptionsError } from "../../options-error.ts";
import { Cache } from "../cache.ts";
import type { Dataset, Split } from "../dataset.ts";
import { type DivisionOptions, divide } from "../division.ts";
import { fileName } from "../file-name.ts";
import type { Listing, Part } from "../parts.ts";
import { RECORDINGS, type Recording } from "./wave.ts";

export const RANGES = ["unit", "int16"] as const;

/** How recordings become samples of a network: windows of them, one after the other. */
export interface AudioOptions extends DivisionOptions {
  /** Samples in a second that all recordings must have; default: any that is the same for all. */
  readonly sampleRate?: number;
  /** New samples in a window. */
  readonly window?: number;
  /** Samples from the beginning of a window to that of the next; default: the window. */
  readonly hop?: number;
  /** Samples before the window that come with it, zeros before the beginning of a recording; default: 0. */
  readonly context?: number;
  /** Whether samples go from -1 to 1, which is the default, or over the 16-bit whole numbers. */
  readonly range?: (typeof RANGES)[number];
  /** Whether the windows of each recording follow each other, the network's state with them; default: no. */
  readonly stream?: boolean;
  /** Is told what was assumed. */
  readonly onNote?: (text: string) => void;
}

/** The name of a sample's tensor. */
const AUDIO = "audio";

/** Bytes of decoded recordings that are kept: an hour of 16 kHz. */
const KEPT = 2 ** 28;
export const MOST_WINDOW = 2 ** 24;

/** What 1 is as a 16-bit whole number. */
const INT16 = 2 ** 15;

/**
 * Recordings as windows: window i of a recording is its samples from i * hop - context to
 * i * hop + window. What fills no last window is left out; a recording shorter than one is followed by silence. Recordings
 * of parts stay in them; others are divided, each whole. Channels are mixed into one.
 * @param folder what they lie in, as messages name it
 * @param listings the names of the recordings, part by part where they have some
 * @param recordings in the order of the names
 * @throws UserError when there is no window, or recordings are of several rates
 */
export function windowed(
  folder: string,
  listings: ReadonlyMap<Part | "all", Listing>,
  recordings: readonly Recording[],
  options: AudioOptions = {},
): Dataset {
  const { window, context = 0, sampleRate, stream = false, onNote } = options;
  if (window === undefined) {
    throw new OptionsError(
      (o) => `Nothing says how much of a recording in ${folder} is a sample: give ${o("window")}, in samples.`,
    );
  }
  const { hop = window } = options;
  if (window + context > MOST_WINDOW) {
    throw new UserError(
      `A window of ${window} samples with ${context} before it is over ${MOST_WINDOW}: take a smaller one.`,
    );
  }
  const files = [...listings.values()].flatMap(({ files }) => files);
  checkRates(folder, files, recordings, sampleRate);
  const several = recordings.filter(({ channels }) => channels > 1).length;
  if (several > 0)
    onNote?.(`${several} of ${files.length} recordings have several channels, which are mixed into one.`);
  const division = divide(folder, listings, options, RECORDINGS.noun);
  const cache = new Cache<Float32Array>(KEPT);
  const samplesOf = (number: number): Float32Array => {
    const kept = cache.get(number);
    if (kept) return kept;
    const samples = recordings[number].samples();
    cache.set(number, samples);
    return samples;
  };
  const windows = { window, hop, context, scale: options.range === "int16" ? INT16 : 1 };
  const part = (members: Uint32Array) => splitOf(members, recordings, samplesOf, windows, stream);
  const train = part(division.train);
  // Of a folder that is not divided, all parts are one.
  const other = (members: Uint32Array) => (members === division.train ? train : part(members));
  return {
    name: fileName(folder),
    inputs: [{ name: AUDIO, dtype: "float32", shape: [context + window] }],
    targets: [],
    train,
    validation: other(division.validation),
    test: other(division.test),
  };
}

interface Windows {
  readonly window: number;
  readonly hop: number;
  readonly context: number;
  /** Multiplies samples of -1 to 1. */
  readonly scale: number;
}

function splitOf(
  members: Uint32Array,
  recordings: readonly Recording[],
  samplesOf: (number: number) => Float32Array,
  { window, hop, context, scale }: Windows,
  stream: boolean,
): Split {
  const starts = new Uint32Array(members.length);
  let size = 0;
  for (const [i, number] of members.entries()) {
    starts[i] = size;
    size += 1 + Math.max(0, Math.floor((recordings[number].length - window) / hop));
  }
  return {
    size,
    ...(stream && { stream: { starts } }),
    read(indices, { [AUDIO]: audio }) {
      if (!(audio instanceof Float32Array)) return;
      for (let i = 0; i < indices.length; i++) {
        const place = lastUpTo(starts, indices[i]);
        const samples = samplesOf(members[place]);
        const from = (indices[i] - starts[place]) * hop - context;
        const target = audio.subarray(i * (context + window), (i + 1) * (context + window));
        const part = samples.subarray(Math.max(0, from), from + target.length);
        target.fill(0);
        target.set(part, Math.max(0, -from));
        if (scale !== 1) for (let j = 0; j < target.length; j++) target[j] *= scale;
      }
    },
  };
}

/** The place of the last number that is not above another, in ascending order. */
function lastUpTo(ascending: ArrayLike<number>, value: number): number {
  let [low, high] = [0, ascending.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (ascending[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

function checkRates(
  folder: string,
  files: readonly string[],
  recordings: readonly Recording[],
  rate = recordings[0].rate,
): void {
  const other = recordings.findIndex((recording) => recording.rate !== rate);
  if (other < 0) return;
  throw new OptionsError(
    (o) =>
      `${folder}/${files[other]} has ${recordings[other].rate} samples a second, and ${rate} are expected: resample it, or give the rate that all have by ${o("sampleRate")}.`,
  );
}
