import { bufferToFloat32Channels, decodeWaveToBuffer } from "@echogarden/wave-codec";
import { UserError } from "../../errors.ts";
import { float32 } from "../../onnx/tensor.ts";
import { firstNotFinite } from "../finite.ts";
import type { FileKind } from "../listing.ts";

const MOST_CHANNELS = 64;

export const RECORDINGS: FileKind = { noun: "recording", ending: /\.wave?$/i, endings: ".wav", spec: "audio" };

/** A recording that was found to be whole. */
export interface Recording {
  /** Samples in a second. */
  readonly rate: number;
  readonly channels: number;
  /** Samples of each channel. */
  readonly length: number;
  /** The samples, -1 to 1: of several channels their mean. */
  samples(): Float32Array;
}

/**
 * Reads a WAV file of PCM samples of 8, 16, 24 or 32 bits, of floats, or of A-law or mu-law.
 * @param read gives the file's bytes, now and when its samples are asked for: they need not be held meanwhile
 * @param path how messages name it
 * @throws UserError when it is none, is cut short or empty; from `samples` too, for one that is not finite
 */
export function readWave(read: () => Uint8Array, path: string): Recording {
  const wave = decoded(read, path);
  const { channelCount: channels, sampleRate: rate, bitDepth } = wave;
  if (channels < 1 || channels > MOST_CHANNELS || rate < 1) {
    throw new UserError(
      `${path} declares ${channels} channels at ${rate} Hz: copy it again, or take it out of the folder.`,
    );
  }
  const length = Math.floor(wave.decodedAudioBuffer.length / (channels * (bitDepth / 8)));
  if (length === 0) throw new UserError(`${path} has no samples: take it out of the folder.`);
  return {
    rate,
    channels,
    length,
    samples() {
      const { decodedAudioBuffer, channelCount, bitDepth, sampleFormat } = decoded(read, path);
      const whole = decodedAudioBuffer.subarray(0, length * channels * (bitDepth / 8));
      const samples = mixed(bufferToFloat32Channels(whole, channelCount, bitDepth, sampleFormat));
      const found = firstNotFinite(float32([samples.length], samples));
      if (!found) return samples;
      throw new UserError(
        `${path} has ${found.value} as sample ${found.at}: nothing can be computed with it; take it out.`,
      );
    },
  };
}

/** What the codec makes of a file, chunks that are cut short refused. */
function decoded(read: () => Uint8Array, path: string) {
  try {
    return decodeWaveToBuffer(read(), false, true);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${path} cannot be read as WAV (${reason}): save it again as 16-bit PCM, or take it out.`);
  }
}

function mixed(channels: readonly Float32Array[]): Float32Array {
  const [first, ...others] = channels;
  if (others.length === 0) return first;
  return first.map((sample, i) => others.reduce((sum, channel) => sum + channel[i], sample) / channels.length);
}
