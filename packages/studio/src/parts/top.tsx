import { runOn } from "../state/actions.ts";
import { busy, machine } from "../state/studio.ts";

/** The head of the page: what it is, and where networks run. */
export function Top() {
  return (
    <header class="top">
      <span class="brand">
        <svg
          viewBox="0 0 24 24"
          fill="none"
          stroke="currentColor"
          stroke-width="1.9"
          stroke-linecap="round"
          aria-hidden="true"
        >
          <path d="M12 22V2M12 19H7q-3.5 0-3.5-4M12 19h5q3.5 0 3.5-4M12 12H8.5Q6 12 6 9M12 12h3.5Q18 12 18 9" />
        </svg>
        Espalier Studio
      </span>
      <MachineLine />
    </header>
  );
}

function MachineLine() {
  const found = machine.value;
  if (!found) return null;
  const { isolated, threads, webgpu, device } = found;
  const text =
    device === "webgpu"
      ? "WebGPU"
      : `WebAssembly, ${threads} ${threads === 1 ? "thread" : "threads"}${isolated ? "" : ": this host does not isolate the page"}`;
  const other = device === "cpu" ? "webgpu" : "cpu";
  return (
    <span class="machine">
      {text}
      {webgpu && (
        <>
          {" · "}
          <button class="plain" type="button" disabled={busy.value !== undefined} onClick={() => void runOn(other)}>
            {other === "webgpu" ? "use WebGPU" : "use WebAssembly"}
          </button>
        </>
      )}
    </span>
  );
}
