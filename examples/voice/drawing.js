import { FRAME, RATE } from "./detector.js";

/** Pixels of CSS: of a bar and the gap behind it, of the line of time, around the probability. */
const BAR = 2;
const GAP = 1;
const AXIS = 22;
const MARGIN = 8;
/** How much of the rest the waveform takes. */
const WAVEFORM = 0.66;
/** What is quieter than this is drawn as quiet. */
const QUIET = 0.05;

const SECONDS = FRAME / RATE;

/**
 * @typedef {object} Heard
 * @property {readonly number[]} peaks the loudest sample of each frame, 0 to 1
 * @property {readonly number[]} probabilities of speech in each frame
 * @property {readonly { from: number, to: number }[]} stretches of speech, seconds
 * @property {number} frames how many the drawing is wide
 * @property {number} [start] of the first frame, seconds
 * @property {number} [played] how far it is played, seconds
 */

/**
 * Draws what was heard: bars as long as it is loud, the probability beneath them, time at the bottom.
 * @param {HTMLCanvasElement} canvas
 * @param {Heard} heard
 */
export function draw(canvas, { peaks, probabilities, stretches, frames, start = 0, played }) {
  const { width, height, context, colour } = prepare(canvas);
  const x = (seconds) => ((seconds - start) / (frames * SECONDS)) * width;
  const waveform = (height - AXIS) * WAVEFORM;
  const floor = height - AXIS;

  context.fillStyle = colour("--band");
  for (const { from, to } of stretches) context.fillRect(x(from), 0, x(to) - x(from), floor);

  const loudest = peaks.reduce((most, peak) => Math.max(most, peak), QUIET);
  const perFrame = width / frames;
  const per = Math.max(1, (BAR + GAP) / perFrame);
  for (let column = 0; column * per < peaks.length; column++) {
    const [first, last] = [Math.floor(column * per), Math.floor((column + 1) * per)];
    const peak = Math.max(...peaks.slice(first, Math.max(last, first + 1)));
    const at = start + (first + 0.5) * SECONDS;
    const speech = stretches.some(({ from, to }) => from <= at && at < to);
    const length = Math.max(2, (peak / loudest) * (waveform - 2 * MARGIN));
    context.fillStyle = colour(speech ? "--found" : "--other");
    context.beginPath();
    context.roundRect(column * per * perFrame, (waveform - length) / 2, Math.max(BAR, perFrame * per - GAP), length, 1);
    context.fill();
  }

  const y = (probability) => floor - MARGIN / 2 - probability * (floor - waveform - MARGIN);
  context.lineWidth = 1;
  context.strokeStyle = colour("--edge");
  line(context, [0, waveform], [width, waveform]);
  line(context, [0, floor], [width, floor]);
  context.setLineDash([3, 4]);
  context.strokeStyle = colour("--faint");
  line(context, [0, y(0.5)], [width, y(0.5)]);
  context.setLineDash([]);
  context.lineWidth = 2;
  context.lineJoin = "round";
  context.strokeStyle = colour("--chosen");
  line(context, ...probabilities.map((probability, i) => [(i + 0.5) * perFrame, y(probability)]));

  ticks(context, { start, end: start + frames * SECONDS, x, width, floor, colour });
  if (played === undefined) return;
  context.lineWidth = 1.5;
  context.strokeStyle = colour("--ink");
  line(context, [x(played), 0], [x(played), floor]);
}

/** Gives the canvas as many pixels as the screen has for it. */
function prepare(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = devicePixelRatio;
  [canvas.width, canvas.height] = [Math.round(width * ratio), Math.round(height * ratio)];
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  context.font = `12px ${style.fontFamily}`;
  return { width, height, context, colour: (name) => style.getPropertyValue(name) };
}

function line(context, ...points) {
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

/** Writes seconds or minutes, as many as there is room for. */
function ticks(context, { start, end, x, width, floor, colour }) {
  const room = 64;
  const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200];
  const step = steps.find((step) => (step / (end - start)) * width >= room) ?? end - start;
  context.fillStyle = colour("--faint");
  context.textBaseline = "middle";
  for (let time = Math.ceil(start / step) * step; time < end; time += step) {
    if (x(time) + 30 > width) break;
    context.fillText(clock(time), x(time) + 4, floor + AXIS / 2 + 1);
    context.fillRect(Math.round(x(time)), floor, 1, 5);
  }
}

/** "4.2 s", or "1:04" where there are minutes. */
export function clock(seconds, digits = 0) {
  if (seconds < 60) return `${seconds.toFixed(digits)} s`;
  const rest = String(Math.floor(seconds % 60)).padStart(2, "0");
  return `${Math.floor(seconds / 60)}:${rest}`;
}
