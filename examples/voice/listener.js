// Runs in the audio thread: detector.js is left out there, as the runtime's name means nothing to it.
import { Resampler } from "./resample.js";

/** Brings what the microphone hears to the network's rate, and posts it frame by frame. */
class Listener extends AudioWorkletProcessor {
  #resampler;
  #frame;
  #filled = 0;

  constructor({ processorOptions: { rate, frame } }) {
    super();
    // The rate of this thread's context.
    this.#resampler = new Resampler(sampleRate, rate);
    this.#frame = new Float32Array(frame);
  }

  process([[samples]]) {
    if (samples === undefined) return true;
    for (const sample of this.#resampler.push(samples)) {
      this.#frame[this.#filled++] = sample;
      if (this.#filled < this.#frame.length) continue;
      this.port.postMessage(this.#frame);
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor("listener", Listener);
