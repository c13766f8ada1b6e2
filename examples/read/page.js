import { showCosts } from "../shared/costs.js";
import { takeDropped } from "../shared/dropped.js";
import { Overlay } from "./overlay.js";

/** What this page loads, and what onnxruntime-web 1.30, its .wasm and the .onnx files take under brotli 11 with its largest window. */
const PARTS = {
  runtime: /\/runtime\/dist\//,
  detector: /\/detector\.esp$/,
  orientation: /\/orientation\.esp$/,
  recognizer: /\/recognizer\.esp$/,
};
const PEER = 2_300_583 + 4_323_897 + 9_812_939 + 495_723;

const find = (id) => document.getElementById(id);
const canvas = document.querySelector("#picture > canvas");
const overlay = new Overlay(document.querySelector("#picture > svg"));
const worker = new Worker(new URL("reader.js", import.meta.url), { type: "module" });

/** The picture that is being read: what comes for one before it is not shown. */
let turn = 0;
/** What was read, by the number of the line. */
const lines = new Map();

const answers = {
  progress({ part }) {
    say("summary", `The networks are on their way: ${Math.round(100 * part)}%.`);
  },
  ready({ sizes }) {
    showCosts(PARTS, PEER, sizes);
    say("summary", "The networks are ready.");
    for (const control of document.querySelectorAll("#sources :disabled")) control.disabled = false;
  },
  missing({ message }) {
    say("summary", "There are no networks to read with.");
    say("message", message);
  },
  found({ lines }) {
    overlay.show(lines);
    say("summary", `Reading ${counted(lines.length)} …`);
  },
  line(read) {
    lines.set(read.line, read);
    overlay.write(read);
    list();
  },
  done({ finding, reading }) {
    overlay.keep([...lines.keys()]);
    const summary = lines.size === 0 ? "There is no text in the picture." : `The picture has ${counted(lines.size)}.`;
    say("summary", summary);
    canvas.ariaLabel = summary;
    find("copy").hidden = lines.size === 0;
    const each = lines.size === 0 ? "" : `, each is read in ${duration(reading)}`;
    say("time", `The lines are found in ${duration(finding)}${each}.`);
  },
  failed({ message }) {
    say("summary", "");
    say("message", message);
  },
};
worker.addEventListener("message", ({ data }) => {
  if (data.turn === undefined || data.turn === turn) answers[data.kind](data);
});

find("overlay").addEventListener("change", ({ target }) => overlay.lay(target.checked));
find("copy").addEventListener("click", () =>
  copy(
    inOrder()
      .map(({ text }) => text)
      .join("\n"),
  ),
);
find("file").addEventListener("change", ({ target }) => take(target.files[0]));
find("sample").addEventListener("click", async () => {
  const response = await fetch(new URL("sample.webp", import.meta.url));
  take(await response.blob());
});
addEventListener("paste", ({ clipboardData }) => take(clipboardData.files[0]));
takeDropped(take);

/** Shows a picture, and has it read. */
async function take(file) {
  if (!file || find("file").disabled) return;
  say("message", "");
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    say("message", `${file.name || "This"} is not a picture that this browser can read.`);
    return;
  }
  [canvas.width, canvas.height] = [picture.width, picture.height];
  canvas.getContext("2d").drawImage(picture, 0, 0);
  canvas.ariaLabel = "A picture that is being read.";
  overlay.clear(picture);
  lines.clear();
  list();
  find("copy").hidden = true;
  say("summary", "Looking for lines …");
  worker.postMessage({ picture, turn: ++turn }, [picture]);
}

const inOrder = () => [...lines.values()].toSorted((a, b) => a.line - b.line);

/** Lists what was read so far; a line that is pointed at shows its place in the picture, a click copies it. */
function list() {
  const items = inOrder().map(({ line, text, confidence }) => {
    const item = document.createElement("li");
    const button = item.appendChild(document.createElement("button"));
    const [words, share] = ["span", "data"].map((tag) => button.appendChild(document.createElement(tag)));
    button.type = "button";
    button.title = "Copy this line";
    words.textContent = text;
    share.value = confidence;
    share.textContent = `${Math.round(100 * confidence)}%`;
    for (const event of ["mouseenter", "focus"]) button.addEventListener(event, () => overlay.choose(line));
    for (const event of ["mouseleave", "blur"]) button.addEventListener(event, () => overlay.choose());
    button.addEventListener("click", () => copy(text));
    return item;
  });
  find("lines").replaceChildren(...items);
}

async function copy(text) {
  await navigator.clipboard.writeText(text);
  say("summary", text.includes("\n") ? "The text is copied." : "The line is copied.");
}

const duration = (time) => (time < 1000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(1)} s`);
const counted = (count) => (count === 1 ? "one line" : `${count} lines`);

function say(id, text) {
  find(id).textContent = text;
}
