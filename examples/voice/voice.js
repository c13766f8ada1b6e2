import { showCosts } from "../shared/costs.js";
import { takeDropped } from "../shared/dropped.js";
import { FRAME, RATE, VoiceDetector } from "./detector.js";
import { clock, draw } from "./drawing.js";
import { decodeRecording, listen } from "./sound.js";
import { stretchesOf } from "./stretches.js";

/** What this page loads, and what onnxruntime-web 1.30, its .wasm and the .onnx take under brotli 11 with its largest window. */
const PARTS = { runtime: /\/runtime\/dist\//, network: /\.(esp|onnx)$/ };
const PEER = 2_300_583 + 1_775_619;

/** Of the microphone so many frames are shown: ten seconds. */
const SHOWN = Math.round((10 * RATE) / FRAME);
/** The page gets its thread back after so long, ms. */
const TURN = 12;

const find = (id) => document.getElementById(id);
const [canvas, player, microphone] = ["drawing", "player", "microphone"].map(find);

/** @type {import("./drawing.js").Heard} */
let heard = { peaks: [], probabilities: [], stretches: [], frames: SHOWN };
/** Ends what is listened to. */
let stop = () => {};

redraw();
new ResizeObserver(redraw).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

VoiceDetector.load(new URL("silero.esp", import.meta.url)).then(begin, (error) => {
  say("summary", "There is no network to listen with.");
  complain(error);
});

/** @param {VoiceDetector} detector */
function begin(detector) {
  showCosts(PARTS, PEER);
  say("summary", "The network is ready.");
  for (const control of document.querySelectorAll("#sources :disabled")) control.disabled = false;

  const take = async (file) => {
    stop();
    say("message", "");
    try {
      await hearRecording(detector, file);
    } catch {
      complain(`${file.name || "This"} is not a recording that this browser can read.`);
    }
  };
  find("sample").addEventListener("click", async () => {
    const response = await fetch(new URL("sample.mp3", import.meta.url));
    await take(await response.blob());
  });
  find("file").addEventListener("change", ({ target }) => target.files[0] && take(target.files[0]));
  takeDropped(take);
  microphone.addEventListener("click", () => {
    if (microphone.ariaPressed === "true") stop();
    else hearMicrophone(detector).catch(complain);
  });
}

/** Hears a recording from its beginning to its end, and draws what it has so far. */
async function hearRecording(detector, file) {
  const samples = await decodeRecording(file);
  let stopped = false;
  stop = () => {
    stopped = true;
  };
  URL.revokeObjectURL(player.src);
  player.src = URL.createObjectURL(file);
  player.hidden = false;
  find("stretches").replaceChildren();
  say("summary", "Listening …");
  say("now", "");
  const frames = Math.ceil(samples.length / FRAME);
  heard = { peaks: [], probabilities: [], stretches: [], frames };
  detector.reset();
  let working = 0;
  for (let frame = 0; frame < frames; ) {
    const start = performance.now();
    do hear(detector, samples.subarray(frame * FRAME, ++frame * FRAME));
    while (frame < frames && performance.now() - start < TURN);
    working += performance.now() - start;
    heard.stretches = stretchesOf(heard.probabilities);
    redraw();
    await new Promise((resolve) => setTimeout(resolve));
    if (stopped) return;
  }
  summarize(samples.length / RATE);
  say("time", `One frame, 32 ms of sound, is heard in ${(working / frames).toFixed(2)} ms.`);
}

/** Hears a frame; the last of a recording may be short. */
function hear(detector, samples) {
  const frame = samples.length === FRAME ? samples : Float32Array.from({ length: FRAME }, (_, i) => samples[i] ?? 0);
  heard.peaks.push(frame.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0));
  heard.probabilities.push(detector.hear(frame));
}

/** Hears what the microphone hears until it is stopped, and shows the last of it. */
async function hearMicrophone(detector) {
  stop();
  say("message", "");
  let gone = 0;
  const listening = await listen((frame) => {
    if (frame.length !== FRAME) return;
    hear(detector, frame);
    for (; heard.peaks.length > SHOWN; gone++) {
      heard.peaks.shift();
      heard.probabilities.shift();
    }
    const start = (gone * FRAME) / RATE;
    const stretches = stretchesOf(heard.probabilities).map(({ from, to }) => ({ from: from + start, to: to + start }));
    Object.assign(heard, { start, stretches });
    const probability = heard.probabilities[heard.probabilities.length - 1];
    say("now", probability >= 0.5 ? "somebody speaks" : "nobody speaks");
    requestAnimationFrame(redraw);
  });
  player.pause();
  player.hidden = true;
  heard = { peaks: [], probabilities: [], stretches: [], frames: SHOWN };
  detector.reset();
  pressed(true);
  find("stretches").replaceChildren();
  say("summary", "The microphone is on.");
  stop = () => {
    listening();
    pressed(false);
    say("summary", "The microphone is off.");
    say("now", "");
    stop = () => {};
  };
}

function pressed(is) {
  microphone.ariaPressed = String(is);
  microphone.textContent = is ? "Stop the microphone" : "Use the microphone";
}

/** Says when somebody speaks, and lets each stretch be played. */
function summarize(seconds) {
  const { stretches } = heard;
  const speech = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  const times = stretches.length === 1 ? "once" : `${stretches.length} times`;
  const found = stretches.length === 0 ? "Nobody speaks" : `Somebody speaks ${times}, ${clock(speech, 1)} in all,`;
  const summary = `${found} in a recording of ${clock(seconds, 1)}.`;
  say("summary", summary);
  canvas.ariaLabel = summary;
  const items = stretches.map(({ from, to }) => {
    const item = document.createElement("li");
    const button = item.appendChild(document.createElement("button"));
    button.type = "button";
    button.textContent = `${clock(from, 1)} – ${clock(to, 1)}`;
    button.ariaLabel = `Play ${button.textContent}`;
    button.addEventListener("click", () => playStretch(from, to));
    return item;
  });
  find("stretches").replaceChildren(...items);
}

let end = Number.POSITIVE_INFINITY;

function playStretch(from, to) {
  player.currentTime = from;
  end = to;
  player.play();
}

/** While it is played, the drawing shows how far. */
function follow() {
  if (player.currentTime >= end) player.pause();
  redraw();
  if (!player.paused) requestAnimationFrame(follow);
}
player.addEventListener("play", follow);
player.addEventListener("pause", () => {
  end = Number.POSITIVE_INFINITY;
});
player.addEventListener("seeked", redraw);
canvas.addEventListener("click", ({ offsetX }) => {
  if (player.hidden) return;
  player.currentTime = (offsetX / canvas.clientWidth) * heard.frames * (FRAME / RATE);
});

function redraw() {
  draw(canvas, { ...heard, played: player.hidden ? undefined : player.currentTime });
}

function say(id, text) {
  find(id).textContent = text;
}

function complain(error) {
  say("message", error.message ?? error);
}
