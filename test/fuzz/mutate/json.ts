import type { Random } from "../../../packages/espalier/src/random.ts";
import { changes, oneOf } from "./bytes.ts";
import { mutatedText } from "./text.ts";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const LEAVES: readonly Json[] = [
  null,
  true,
  false,
  0,
  -1,
  0.5,
  1e308,
  2 ** 53,
  -(2 ** 31),
  "",
  "__proto__",
  "x",
  [],
  {},
  [[]],
  [1, 2, 3],
  [null],
  { constructor: 1 },
];

/** Every place in a value: what holds it, and under which key. */
function placesIn(value: Json): { holder: Json[] | { [name: string]: Json }; key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value;
  return Object.entries(value).flatMap(([key, own]) => [{ holder, key }, ...placesIn(own)]);
}

function put(holder: Json[] | { [name: string]: Json }, key: string, value: Json): void {
  if (Array.isArray(holder)) holder[Number(key)] = value;
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * A JSON text with up to three changes to what it holds: values of another type or size, names left out or put in; then,
 * now and then, to its words.
 */
export function mutatedJson(draw: Random, text: string): string {
  const root: { root: Json } = { root: JSON.parse(text) };
  for (let times = changes(draw); times > 0; times--) {
    const { holder, key } = oneOf(draw, placesIn(root));
    switch (draw.below(5)) {
      case 0:
        if (holder !== root && !Array.isArray(holder)) Reflect.deleteProperty(holder, key);
        else if (Array.isArray(holder)) holder.splice(Number(key), 1);
        break;
      case 1:
        put(holder, oneOf(draw, ["__proto__", "constructor", "length", key]), structuredClone(oneOf(draw, LEAVES)));
        break;
      case 2: {
        const other = oneOf(draw, placesIn(root));
        put(holder, key, structuredClone(Reflect.get(other.holder, other.key)));
        break;
      }
      default:
        put(holder, key, structuredClone(oneOf(draw, LEAVES)));
    }
  }
  const changed = JSON.stringify(root.root) ?? "";
  if (draw.below(4) > 0) return changed;
  return new TextDecoder().decode(mutatedText(draw, changed, [text]));
}
