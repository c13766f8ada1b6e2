import type { LayerFacts } from "../told.ts";
import { count, share } from "../words.ts";

/** Above this density a layer is drawn so dark that light letters are read on it. */
const DEEP = 0.5;
/** The part of all weights that a layer needs for its name to have room. */
const NAMED = 0.11;
/** The lightest shade, percent: a layer of which nothing is left is still to be seen. */
const LIGHTEST = 8;

interface StripProps {
  readonly layers: readonly LayerFacts[];
  readonly pointed: string | undefined;
  readonly onPoint: (name: string | undefined) => void;
}

/** The picture of a network: its layers in order, as wide as they have weights, the darker the more of these are left. */
export function Strip({ layers, pointed, onPoint }: StripProps) {
  const all = layers.reduce((sum, { weights }) => sum + weights, 0);
  return (
    <figure>
      <ol class="strip" aria-label="Layers in order, as wide as they have weights">
        {layers.map(({ name, op, weights, kept, density }) => {
          const slim = weights / all < NAMED;
          const text = `${name}, ${op}: ${count(kept)} of ${count(weights)} weights, ${share(density)}`;
          return (
            <li
              key={name}
              class={[density > DEEP ? "deep" : "", slim ? "slim" : "", pointed === name ? "pointed" : ""].join(" ")}
              style={{ "--part": weights / all, "--shade": `${LIGHTEST + (100 - LIGHTEST) * density}%` }}
              title={text}
              onPointerEnter={() => onPoint(name)}
              onPointerLeave={() => onPoint(undefined)}
            >
              {slim ? <span class="hidden">{text}</span> : <b>{name}</b>}
              {!slim && share(density)}
            </li>
          );
        })}
      </ol>
      <figcaption class="scale">
        <span>0</span>
        <i />
        <span>100% of the weights left</span>
      </figcaption>
    </figure>
  );
}
