import type { NetworkFacts } from "../told.ts";
import { bytesText } from "../words.ts";

/** The size of a network's file by what its bytes are for. */
export function Kinds({ kinds }: Pick<NetworkFacts, "kinds">) {
  const tint = (i: number) => `var(--series-${(i % 8) + 1})`;
  return (
    <figure>
      <div class="bar" aria-hidden="true">
        {kinds.map(({ kind, bytes }, i) => (
          <i key={kind} style={{ "--part": bytes, "--tint": tint(i) }} />
        ))}
      </div>
      <ul class="legend" aria-label="Bytes by what they are for">
        {kinds.map(({ kind, bytes }, i) => (
          <li key={kind}>
            <i style={{ "--tint": tint(i) }} />
            {kind} <span class="soft">{bytesText(bytes)}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}
