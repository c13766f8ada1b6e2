/** onnxruntime-web 1.30, its .wasm, and the networks as .onnx, each under brotli 11 with its largest window. */
const PEER = 2_300_583 + 4_323_897 + 9_812_939 + 495_723;

const PARTS = ["detector", "orientation", "recognizer"];

const find = (id) => document.getElementById(id);

/**
 * Shows how many bytes came for this page: as they were sent, without headers.
 * @param {readonly { name: string, bytes: number }[]} sizes of what the worker fetched
 */
export function showCosts(sizes) {
  const own = performance.getEntries().map(({ name, encodedBodySize: bytes = 0 }) => ({ name, bytes }));
  const bytes = { runtime: 0, detector: 0, orientation: 0, recognizer: 0, page: 0 };
  for (const { name, bytes: size } of [...own, ...sizes]) if (size > 0) bytes[partOf(name)] += size;
  const all = Object.values(bytes).reduce((a, b) => a + b);
  for (const [part, size] of Object.entries({ ...bytes, all, peer: PEER })) {
    const cell = find(`${part}-bytes`);
    cell.textContent = `${Math.round(size / 1000).toLocaleString("en")} kB`;
    cell.parentElement.style.setProperty("--part", size / Math.max(all, PEER));
  }
}

function partOf(address) {
  if (address.includes("/runtime/dist/")) return "runtime";
  return PARTS.find((part) => address.endsWith(`/${part}.esp`)) ?? "page";
}
