import { mistake } from "../state/studio.ts";

/** What went wrong, in the library's sentence, until it is put away or something else is done. */
export function Saying() {
  return (
    <div role="alert">
      {mistake.value !== "" && (
        <div class="alarm saying">
          <span>{mistake.value}</span>
          <button
            class="plain"
            type="button"
            onClick={() => {
              mistake.value = "";
            }}
          >
            Close
          </button>
        </div>
      )}
    </div>
  );
}
