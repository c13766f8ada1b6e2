import { version } from "../state/studio.ts";
import { DoSection } from "./do-section.tsx";
import { InputsSection } from "./inputs-section.tsx";
import { NetworkSection } from "./network-section.tsx";
import { SeeSection } from "./see-section.tsx";
import { TakeSection } from "./take-section.tsx";
import { Trail } from "./trail.tsx";

/** The page with a network: what was made of it beside, what can be seen and done in the middle. */
export function Bench() {
  const looked = version.value;
  if (!looked) return null;
  return (
    <div class="bench">
      <Trail />
      <main>
        <NetworkSection version={looked} />
        <InputsSection />
        <SeeSection version={looked} />
        <DoSection version={looked} />
        <TakeSection version={looked} />
      </main>
    </div>
  );
}
