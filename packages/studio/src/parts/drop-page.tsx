import { busy } from "../state/studio.ts";
import { FilesButton } from "./files-button.tsx";
import { WorkLine } from "./work-line.tsx";

/** The page before there is a network. */
export function DropPage() {
  return (
    <main class="drop">
      <h1>Drop a network</h1>
      <p class="lead">
        See what it can lose, make it smaller, take it home. An .onnx or .esp file, or a Caffe .prototxt with its
        .caffemodel. No file leaves this page.
      </p>
      <div class="row">
        <FilesButton primary disabled={busy.value !== undefined}>
          Choose files
        </FilesButton>
      </div>
      <WorkLine about="network" />
    </main>
  );
}
