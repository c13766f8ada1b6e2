import { drawOn } from "./drawing.js";
import { asMnist, SIDE } from "./mnist.js";

const WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
/** One digit is over too soon for a page's clock: it is recognized so many times. */
const TIMES = 100;

/**
 * @typedef {(image: Float32Array) => Float32Array | Promise<Float32Array>} Recognize
 *   gives ten scores for an image of 28x28 values from 0 to 1
 */

/**
 * The page around the networks: a canvas, what the network sees, its answer, and the time that each takes.
 * @param {Record<"dense" | "sparse", () => Promise<Recognize>>} engines make the networks ready when they are first chosen
 */
export function page(engines) {
  const find = (id) => document.getElementById(id);
  const drawing = find("drawing");
  const ready = {};
  let turn = 0;

  const clear = drawOn(drawing, recognizeDrawing);
  find("clear").addEventListener("click", () => {
    clear();
    recognizeDrawing();
  });
  for (const name of Object.keys(engines)) find(name).addEventListener("change", recognizeDrawing);
  recognizeDrawing();

  async function recognizeDrawing() {
    const mine = ++turn;
    const image = asMnist(drawing);
    show(image);
    answer("");
    const { value: name } = document.querySelector("input[name=engine]:checked");
    try {
      ready[name] ??= timed(name, "ready", engines[name]);
      const recognize = await ready[name];
      if (image === undefined || mine !== turn) return;
      const scores = await recognize(image);
      if (mine === turn) answer(WORDS[scores.indexOf(Math.max(...scores))]);
      await timed(name, "run", () => repeat(() => recognize(image)), TIMES);
    } catch (error) {
      find("message").textContent = error.message;
    }
  }

  function answer(word) {
    find("digit").textContent = word;
  }

  /** Writes down how long something takes. */
  async function timed(name, what, work, times = 1) {
    const start = performance.now();
    const result = await work();
    const milliseconds = (performance.now() - start) / times;
    find(`${name}-${what}`).textContent = `${milliseconds.toFixed(milliseconds < 10 ? 2 : 0)} ms`;
    return result;
  }

  /** Shows what the network sees. */
  function show(image) {
    const context = find("seen").getContext("2d");
    context.clearRect(0, 0, SIDE, SIDE);
    if (image === undefined) return;
    const pixels = context.createImageData(SIDE, SIDE);
    for (const [i, ink] of image.entries()) pixels.data[4 * i + 3] = Math.round(255 * ink);
    context.putImageData(pixels, 0, 0);
  }
}

async function repeat(work) {
  for (let i = 0; i < TIMES; i++) await work();
}

/** Tells how far the file has come. */
export function showProgress({ received, total = received }) {
  document.getElementById("message").textContent =
    `${received.toLocaleString("en")} of ${total.toLocaleString("en")} bytes have come.`;
}
