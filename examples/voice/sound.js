import { FRAME, RATE } from "./detector.js";

/**
 * The samples of a recording, whatever its form and rate: the browser decodes it.
 * @param {Blob} file
 * @returns {Promise<Float32Array>} one channel of -1 to 1, {@link RATE} a second
 */
export async function decodeRecording(file) {
  const context = new OfflineAudioContext(1, 1, RATE);
  const recording = await context.decodeAudioData(await file.arrayBuffer());
  const channels = Array.from({ length: recording.numberOfChannels }, (_, i) => recording.getChannelData(i));
  if (channels.length === 1) return channels[0];
  return channels[0].map((_, i) => channels.reduce((sum, channel) => sum + channel[i], 0) / channels.length);
}

/**
 * Listens to the microphone.
 * @param {(frame: Float32Array) => void} hear is given {@link FRAME} samples at a time
 * @returns {Promise<() => void>} stops listening
 */
export async function listen(hear) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const context = new AudioContext();
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
    context.close();
  };
  try {
    await context.audioWorklet.addModule(new URL("listener.js", import.meta.url));
    const processorOptions = { rate: RATE, frame: FRAME };
    const listener = new AudioWorkletNode(context, "listener", { numberOfOutputs: 0, processorOptions });
    listener.port.onmessage = ({ data }) => hear(data);
    context.createMediaStreamSource(stream).connect(listener);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}
