import { asInput } from "./input.js";

/** So many names are shown. */
const BEST = 5;
/** The time that is shown is the median of so many runs. */
const RUNS = 9;

const find = (id) => document.getElementById(id);

/**
 * @typedef {(image: Float32Array) => Float32Array | Promise<Float32Array>} Recognize
 *   gives the classes' scores
 */

/**
 * The page around the networks: a photograph, the names of what is in it, and what each engine costs.
 * @param {Promise<Uint8Array>} onnx
 * @param {Record<"dense" | "sparse", () => Promise<Recognize>>} engines make the networks ready when they are first chosen
 */
export async function page(onnx, engines) {
  const names = namesOf(new URL("synsets.txt", import.meta.url));
  const ready = {};
  let image;
  let turn = 0;

  takePhotographs(async (file) => {
    try {
      const photograph = await createImageBitmap(file);
      show(photograph);
      image = asInput(photograph);
      say("message", "");
    } catch {
      complain(`${file.name || "This"} is not a photograph that this browser can read.`);
      return;
    }
    recognize();
  });
  for (const name of Object.keys(engines)) find(name).addEventListener("change", recognize);
  recognize();
  onnx.then(({ length }) => say("dense-network", kilobytes(length)), complain);

  async function recognize() {
    const mine = ++turn;
    const { value: name } = document.querySelector("input[name=engine]:checked");
    find("names").replaceChildren();
    try {
      ready[name] ??= makeReady(name);
      const run = await ready[name];
      if (image === undefined || mine !== turn) return;
      const scores = await run(image);
      if (mine !== turn) return;
      answer(softmax(scores), await names);
      for (const times = []; times.length < RUNS && mine === turn; ) {
        times.push(await timeOf(() => run(image)));
        say(`${name}-run`, milliseconds(median(times)));
      }
    } catch (error) {
      complain(error);
    }
  }

  async function makeReady(name) {
    await onnx;
    const start = performance.now();
    const run = await engines[name]();
    say(`${name}-ready`, milliseconds(performance.now() - start));
    say(`${name}-engine`, kilobytes(fetched(name === "sparse" ? "/runtime/dist/" : "/onnxruntime-web/")));
    return run;
  }
}

/** Takes a photograph that is chosen, dropped or pasted, or one of the pictures that come with the page. */
function takePhotographs(take) {
  const first = ({ files: [file] }) => file && take(file);
  find("file").addEventListener("change", ({ target }) => first(target));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    first(event.dataTransfer);
  });
  addEventListener("paste", ({ clipboardData }) => first(clipboardData));
  for (const sample of document.querySelectorAll("#samples > button")) {
    sample.addEventListener("click", async () => take(await (await fetch(sample.firstChild.src)).blob()));
  }
}

function show(photograph) {
  const canvas = find("photograph");
  [canvas.width, canvas.height] = [photograph.width, photograph.height];
  canvas.getContext("2d").drawImage(photograph, 0, 0);
  canvas.classList.add("shown");
}

/** Lists the likeliest classes, each with a bar as long as it is likely. */
function answer(probabilities, names) {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const rows = order.slice(0, BEST).map((k) => {
    const row = document.createElement("li");
    const [name, bar, share] = ["span", "i", "data"].map((tag) => row.appendChild(document.createElement(tag)));
    name.textContent = names[k];
    bar.style.setProperty("--share", probabilities[k]);
    share.value = probabilities[k];
    share.textContent = `${(100 * probabilities[k]).toFixed(1)}%`;
    return row;
  });
  find("names").replaceChildren(...rows);
}

function softmax(scores) {
  const most = Math.max(...scores);
  const powers = Float64Array.from(scores, (score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/** The classes' names in the order of the network's outputs: "n01440764 tench", or with more names behind a comma. */
async function namesOf(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address} is not there: see README.md beside it.`);
  const lines = (await response.text()).trim().split("\n");
  return lines.map((line) => line.slice(line.indexOf(" ")).split(",", 1)[0].trim().replaceAll("_", " "));
}

async function timeOf(run) {
  // The page gets its thread back in between.
  await new Promise((resolve) => setTimeout(resolve));
  const start = performance.now();
  await run();
  return performance.now() - start;
}

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

/** Bytes over the wire of all files whose address holds `part`. */
function fetched(part) {
  const files = performance.getEntriesByType("resource").filter(({ name }) => name.includes(part));
  return files.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
}

function say(id, text) {
  find(id).textContent = text;
}

function complain(error) {
  say("message", error.message ?? error);
}

const milliseconds = (time) => `${whole(time)} ms`;
const kilobytes = (bytes) => `${whole(bytes / 1000)} kB`;
const whole = (number) => Math.round(number).toLocaleString("en");

/** Tells how far the file has come. */
export function showProgress({ received, total = received }) {
  say("sparse-network", kilobytes(total));
  say("message", received < total ? `${whole(received)} of ${whole(total)} bytes have come.` : "");
}
