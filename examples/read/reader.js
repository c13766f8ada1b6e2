// A worker: the page stays at hand while pictures are read. Workers know no import map, so the runtime has its address.
import { load, Network } from "../../packages/runtime/dist/index.js";
import { linesOf } from "./boxes.js";
import { classifierInput, detectorInput, recognizerInput } from "./input.js";
import { textOf } from "./text.js";

/** A line is turned round when the classifier is so sure, and left out when the recognizer is less sure. */
const TURNED = 0.9;
const READ = 0.5;

const NAMES = ["detector", "orientation", "recognizer"];

const ready = begin().catch((error) => {
  postMessage({ kind: "missing", message: error.message });
  throw error;
});

/** The picture that came last: those before it are read no further. */
let latest;

addEventListener("message", async ({ data: { picture, turn } }) => {
  latest = turn;
  const post = (message) => postMessage({ ...message, turn });
  try {
    await read(await ready, picture, { post, wanted: () => turn === latest });
  } catch (error) {
    post({ kind: "failed", message: error.message });
  }
  picture.close();
});

/** Loads the networks, and the characters in the order of the recognizer's classes. */
async function begin() {
  const received = {};
  const progress = (name) => (state) => {
    received[name] = state;
    const sum = (part) => NAMES.reduce((sum, name) => sum + (received[name]?.[part] ?? 0), 0);
    if (NAMES.every((name) => received[name]?.total)) {
      postMessage({ kind: "progress", part: sum("received") / sum("total") });
    }
  };
  const [list, ...files] = await Promise.all(["characters.txt", ...NAMES.map((name) => `${name}.esp`)].map(fetched));
  const characters = (await list.text()).replace(/\r?\n$/, "").split(/\r?\n/);
  const networks = {};
  for (const [i, name] of NAMES.entries()) {
    networks[name] = await Network.load(await load(files[i], { onProgress: progress(name) }));
  }
  const resources = performance.getEntriesByType("resource");
  const sizes = resources.map(({ name, encodedBodySize: bytes }) => ({ name, bytes }));
  postMessage({ kind: "ready", sizes });
  return { ...networks, characters };
}

async function fetched(name) {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`examples/read/${name} is not there: README.md beside it says how it is made.`);
  return response;
}

/** Finds the lines of a picture, then posts each as it is read. */
async function read({ detector, orientation, recognizer, characters }, picture, { post, wanted }) {
  const start = performance.now();
  const map = only(detector.run({ x: detectorInput(picture) }));
  const [, , height, width] = map.dims;
  const inPicture = ([right, down]) => [(right / width) * picture.width, (down / height) * picture.height];
  const lines = linesOf(map.data, width, height).map((corners) => corners.map(inPicture));
  const found = performance.now();
  post({ kind: "found", lines });
  for (const [i, line] of lines.entries()) {
    // Another picture may come in between.
    await new Promise((resolve) => setTimeout(resolve));
    if (!wanted()) return;
    const [, turned] = only(orientation.run({ x: classifierInput(picture, line) })).data;
    // From the other end, and upside down.
    const corners = turned > TURNED ? [...line.slice(2), ...line.slice(0, 2)] : line;
    const { text, confidence } = textOf(only(recognizer.run({ x: recognizerInput(picture, corners) })), characters);
    if (text !== "" && confidence >= READ) post({ kind: "line", line: i, corners, text, confidence });
  }
  const end = performance.now();
  post({ kind: "done", finding: found - start, reading: (end - found) / Math.max(1, lines.length) });
}

const only = (results) => Object.values(results)[0];
