import { choose, leave } from "../state/actions.ts";
import { busy, chosen, versions } from "../state/studio.ts";
import { doneText } from "../steps.ts";
import type { Version } from "../told.ts";
import { bytesText, valueText } from "../words.ts";

/** What was made of the network, one after the other; the one that is chosen is what the page is about. */
export function Trail() {
  const isBusy = busy.value !== undefined;
  return (
    <aside class="rail" aria-label="What was made">
      <h2 id="trail">On the way</h2>
      <fieldset aria-labelledby="trail" disabled={isBusy}>
        <ol class="trail">
          {versions.value.map((version) => (
            <li key={version.id}>
              <label>
                <input
                  type="radio"
                  name="version"
                  checked={version.id === chosen.value}
                  onChange={() => void choose(version.id)}
                />
                <b>{titleOf(version)}</b>
                <span>{sizeText(version)}</span>
                {version.fidelity && (
                  <span>{`fidelity ${valueText(version.fidelity.after, version.fidelity.unit)}`}</span>
                )}
              </label>
            </li>
          ))}
        </ol>
      </fieldset>
      <p class="again">
        <button class="plain" type="button" disabled={isBusy} onClick={() => void leave()}>
          Begin with another network
        </button>
      </p>
    </aside>
  );
}

const titleOf = ({ steps }: Version) => {
  const last = steps.at(-1);
  return last ? doneText(last) : "As it came";
};

/** "1.7 MB, 42 kB as .esp" */
function sizeText({ facts, esp }: Version): string {
  return esp === undefined ? bytesText(facts.bytes) : `${bytesText(esp)} as .esp`;
}
