import { drawOn } from "./drawing.js";
import { asMnist, SIDE } from "./mnist.js";

const WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
/** One digit is over too soon for a page's clock: it is recognized so many times. */
const TIMES = 100;

/**
 * @typedef {(image: Float32Array) => Float32Array | Promise<Float32Array>} Recognize
 *   gives ten scores for an image of 28x28 values from 0 to 1
 */

const find = (id) => document.getElementById(id);

/**
 * The page around the networks: a canvas, what the network sees, its answer, and the time that each takes.
 * @param {Record<"dense" | "sparse", () => Promise<Recognize>>} engines make the networks ready when they are first chosen
 */
export function page(engines) {
  const drawing = find("drawing");
  const ready = {};
  let turn = 0;

  const rows = listClasses();
  const wipe = drawOn(find("paper"), ({ done }) => (done ? recognizeDrawing() : show(asMnist(drawing))), movePen);
  find("clear").addEventListener("click", wipe);
  for (const name of Object.keys(engines)) find(name).addEventListener("change", recognizeDrawing);
  recognizeDrawing();

  async function recognizeDrawing() {
    const mine = ++turn;
    const image = asMnist(drawing);
    show(image);
    const { value: name } = document.querySelector("input[name=engine]:checked");
    try {
      ready[name] ??= timed(name, "ready", engines[name]);
      const recognize = await ready[name];
      if (mine !== turn) return;
      if (image === undefined) return answer(undefined, rows);
      const scores = await recognize(image);
      if (mine !== turn) return;
      answer(softmax(scores), rows);
      await timed(name, "run", () => repeat(() => recognize(image)), TIMES);
    } catch (error) {
      find("message").textContent = error.message;
    }
  }

  /** Writes down how long something takes. */
  async function timed(name, what, work, times = 1) {
    const start = performance.now();
    const result = await work();
    const milliseconds = (performance.now() - start) / times;
    find(`${name}-${what}`).textContent = `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
    return result;
  }

  /** Shows where keys have moved the pen. */
  function movePen({ x, y, down }) {
    const mark = find("pen");
    mark.hidden = false;
    mark.classList.toggle("down", down);
    Object.assign(mark.style, { left: `${(100 * x) / drawing.width}%`, top: `${(100 * y) / drawing.height}%` });
    const state = down ? "The pen is down." : "The pen is up.";
    if (find("pen-state").textContent !== state) find("pen-state").textContent = state;
  }
}

/** A row for each digit, which is filled in when there is something to recognize. */
function listClasses() {
  const rows = WORDS.map((_, digit) => {
    const row = document.createElement("tr");
    const [head, bar, share] = ["th", "td", "td"].map((tag) => row.appendChild(document.createElement(tag)));
    head.scope = "row";
    head.textContent = digit;
    bar.append(document.createElement("i"));
    return { row, bar, share };
  });
  find("classes").tBodies[0].replaceChildren(...rows.map(({ row }) => row));
  return rows;
}

/** Says which digit it is, and how likely each is; nothing where nothing is drawn. */
function answer(probabilities, rows) {
  const best = probabilities?.indexOf(Math.max(...probabilities));
  find("digit").textContent = best === undefined ? "" : WORDS[best];
  find("sure").textContent = best === undefined ? "Nothing is drawn yet." : `${percent(probabilities[best])} sure`;
  for (const [digit, { row, bar, share }] of rows.entries()) {
    row.classList.toggle("best", digit === best);
    bar.firstChild.style.setProperty("--part", probabilities?.[digit] ?? 0);
    share.textContent = probabilities ? percent(probabilities[digit]) : "";
  }
}

function softmax(scores) {
  const most = Math.max(...scores);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** Never 100%, which no network is. */
const percent = (share) => `${Math.min(99.9, 100 * share).toFixed(1)}%`;

/** Shows what the network sees. */
function show(image) {
  const context = find("seen").getContext("2d");
  context.clearRect(0, 0, SIDE, SIDE);
  if (image === undefined) return;
  const pixels = context.createImageData(SIDE, SIDE);
  for (const [i, ink] of image.entries()) pixels.data[4 * i + 3] = Math.round(255 * ink);
  context.putImageData(pixels, 0, 0);
}

async function repeat(work) {
  for (let i = 0; i < TIMES; i++) await work();
}

/** Tells how far the file has come. */
export function showProgress({ received, total = received }) {
  find("message").textContent = `${received.toLocaleString("en")} of ${total.toLocaleString("en")} bytes have come.`;
}
