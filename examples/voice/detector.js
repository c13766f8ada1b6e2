import { load, Network } from "espalier-runtime";

/** Samples a second. */
export const RATE = 16_000;
/** New samples that the network hears at a time. */
export const FRAME = 512;
/** Samples before them that it hears again. */
const CONTEXT = 64;

/** Silero's network, version 5: how likely it is that somebody speaks, frame after frame. */
export class VoiceDetector {
  #network;
  #heard = new Float32Array(CONTEXT + FRAME);
  #state = new Float32Array(2 * 128);
  #probability = new Float32Array(1);
  /** Both are made once: a frame takes no new memory. */
  #feeds = {
    input: { dims: [1, CONTEXT + FRAME], data: this.#heard },
    state: { dims: [2, 1, 128], data: this.#state },
  };
  #into = { output: this.#probability, stateN: this.#state };

  /** @param {Network} network */
  constructor(network) {
    this.#network = network;
    // The network as it came also knows 8 kHz. `espalier simplify --fix sr=16000` takes that away.
    if (network.inputs.includes("sr")) this.#feeds.sr = { dims: [], data: BigInt64Array.of(BigInt(RATE)) };
  }

  /** @param {URL} address of an .esp or an .onnx */
  static async load(address) {
    const response = await fetch(address);
    if (!response.ok) throw new Error(`${address.pathname} is not there: README.md beside it says how it is made.`);
    return new VoiceDetector(await Network.load(await load(response)));
  }

  /** Forgets what it heard. */
  reset() {
    this.#heard.fill(0);
    this.#state.fill(0);
  }

  /**
   * Hears the next samples.
   * @param {Float32Array} samples from -1 to 1
   * @returns {number} how likely it is that somebody speaks, 0 to 1
   */
  hear(samples) {
    this.#heard.copyWithin(0, FRAME);
    this.#heard.set(samples, CONTEXT);
    this.#network.run(this.#feeds, this.#into);
    return this.#probability[0];
  }
}
