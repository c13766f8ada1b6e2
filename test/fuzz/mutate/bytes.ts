import { concat } from "../../../packages/espalier/src/coding/split.ts";
import type { Random } from "../../../packages/espalier/src/random.ts";

export function noise(draw: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => draw.below(256));
}

export function oneOf<T>(draw: Random, choices: readonly T[]): T {
  return choices[draw.below(choices.length)];
}

/** Bytes with one to three bits flipped. */
export function flipped(draw: Random, bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  const places = new Set(Array.from({ length: 1 + draw.below(3) }, () => draw.below(8 * bytes.length)));
  for (const place of places) changed[place >> 3] ^= 1 << (place & 7);
  return changed;
}

/** Numbers at which lengths and counts go wrong: where signs, words and exact floats end. */
export const EXTREMES: readonly bigint[] = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0xffffn,
  0x10000n,
  0x100_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_fffen,
  0xffff_ffffn,
  0x1_0000_0000n,
  2n ** 53n,
  2n ** 62n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 2n,
  2n ** 64n - 1n,
];

/** Bytes with an extreme number, or one beside what is there, written over some of them. */
function renumbered(draw: Random, bytes: Uint8Array): Uint8Array {
  const width = oneOf(
    draw,
    [1, 2, 4, 8].filter((size) => size <= bytes.length),
  );
  const changed = bytes.slice();
  const view = new DataView(changed.buffer);
  // Headers lie at the start.
  const span = bytes.length - width + 1;
  const at = draw.below(draw.below(2) ? span : Math.min(span, 64));
  const little = draw.below(2) === 1;
  const put = (value: bigint) => {
    if (width === 8) view.setBigUint64(at, BigInt.asUintN(64, value), little);
    else if (width === 4) view.setUint32(at, Number(BigInt.asUintN(32, value)), little);
    else if (width === 2) view.setUint16(at, Number(BigInt.asUintN(16, value)), little);
    else view.setUint8(at, Number(BigInt.asUintN(8, value)));
  };
  const own = width === 4 ? BigInt(view.getUint32(at, little)) : BigInt(changed[at]);
  put(draw.below(4) ? oneOf(draw, EXTREMES) : own + BigInt(draw.below(5) - 2));
  return changed;
}

/** How many changes are made: mostly one, after which most of a file is still read. */
export const changes = (draw: Random) => 1 + (draw.below(2) ? 0 : draw.below(4));

/**
 * Bytes with up to four changes: bits flipped, numbers made extreme, pieces replaced, left out, doubled, moved or put in,
 * the end cut off, or another file's in its place.
 * @param others other whole files
 */
export function mutated(draw: Random, bytes: Uint8Array, others: readonly Uint8Array[] = []): Uint8Array {
  let changed = bytes;
  for (let times = changes(draw); times > 0; times--) {
    const at = draw.below(changed.length + 1);
    const [before, behind] = [changed.subarray(0, at), changed.subarray(at)];
    const some = draw.below(draw.below(4) ? 8 : behind.length + 1);
    switch (draw.below(9)) {
      case 0:
        if (changed.length > 0) changed = flipped(draw, changed);
        break;
      case 1:
        changed = concat([before, noise(draw, Math.min(some, behind.length)), behind.subarray(some)]);
        break;
      case 2:
        changed = concat([before, behind.subarray(some)]);
        break;
      case 3:
        changed = concat([before, behind.subarray(0, some), behind]);
        break;
      case 4:
        changed = concat([before, noise(draw, draw.below(8)), behind]);
        break;
      case 5:
        changed =
          draw.below(4) === 0
            ? before.slice()
            : concat([before, new Uint8Array(Math.min(some, 64)).fill(255), behind.subarray(some)]);
        break;
      case 6: {
        const to = draw.below(behind.length - Math.min(some, behind.length) + 1);
        const rest = behind.subarray(some);
        changed = concat([before, rest.subarray(0, to), behind.subarray(0, some), rest.subarray(to)]);
        break;
      }
      case 7:
        if (others.length > 0) {
          const other = oneOf(draw, others);
          changed = concat([before, other.subarray(draw.below(other.length + 1))]);
        }
        break;
      default:
        if (changed.length > 0) changed = renumbered(draw, changed);
    }
    // Doubling again and again makes no other input.
    if (changed.length > 4 * bytes.length + 4096) changed = changed.subarray(0, 4 * bytes.length + 4096);
  }
  return changed;
}
