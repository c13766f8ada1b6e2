/** onnxruntime-web 1.30, its .wasm, and the network as an .onnx, each under brotli 11 with its largest window. */
const PEER = 2_300_583 + 1_775_619;

const find = (id) => document.getElementById(id);

/** Shows how many bytes came for this page: as they were sent, without headers. */
export function showCosts() {
  const bytes = { runtime: 0, network: 0, page: 0 };
  for (const { name, encodedBodySize } of performance.getEntries()) {
    if (encodedBodySize > 0) bytes[partOf(new URL(name).pathname)] += encodedBodySize;
  }
  const all = bytes.runtime + bytes.network + bytes.page;
  for (const [part, size] of Object.entries({ ...bytes, all, peer: PEER })) {
    const cell = find(`${part}-bytes`);
    cell.textContent = `${Math.round(size / 1000).toLocaleString("en")} kB`;
    cell.parentElement.style.setProperty("--part", size / Math.max(all, PEER));
  }
}

function partOf(path) {
  if (path.includes("/runtime/dist/")) return "runtime";
  return /\.(esp|onnx)$/.test(path) ? "network" : "page";
}
