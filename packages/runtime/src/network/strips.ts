import { type Elements, quickly } from "./matrix-elements.ts";

/** Where compressed lines are written. */
export interface Arrays {
  /** For each strip lines + 1 starts. */
  readonly starts: Uint32Array;
  readonly indices: Uint16Array;
  readonly values: Float32Array;
}

/** How lines are cut: first all that lies in the first `width` elements of every line, then what lies in the next. */
export interface Cut {
  readonly lines: number;
  readonly width: number;
  readonly strips: number;
}

/**
 * Writes elements as compressed lines, cut into strips. Indices count from where a strip begins; each strip has starts of
 * its own, behind those of the last.
 * @param order what the lines are
 * @returns how many elements there are
 */
export function writeStrips(elements: Elements, order: Elements["order"], cut: Cut, into: Arrays): number {
  into.starts.fill(0);
  return elements.order === order ? writeAsTheyCome(elements, cut, into) : writeTurned(elements, cut, into);
}

/**
 * Elements that come line by line are written once, into room that the strips share: one that is full gets half of what
 * is free, the others the rest, by what they have. So nothing is needed beside the room.
 */
function writeAsTheyCome(
  elements: Elements,
  { lines, width, strips }: Cut,
  { starts, indices, values }: Arrays,
): number {
  const room = values.length;
  const byRows = elements.order === "rows";
  // Of each strip: where it begins, where its next element goes, and where it is full.
  const begin = Array.from({ length: strips }, (_, strip) => Math.floor((strip * room) / strips));
  const next = begin.slice();
  const full = (strip: number) => (strip + 1 < strips ? begin[strip + 1] : room);
  const makeRoom = (wanting: number) => {
    const counts = next.map((end, strip) => end - begin[strip]);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total >= room) throw new Error("There are more elements than was said.");
    const shares = counts.map((count) => Math.floor(((room - total) * count) / (2 * total + 1)));
    shares[wanting] += room - total - shares.reduce((sum, share) => sum + share, 0);
    const to: number[] = [];
    for (let strip = 0, at = 0; strip < strips; strip++) {
      to.push(at);
      at += counts[strip] + shares[strip];
    }
    const move = (strip: number) => {
      for (const array of [indices, values]) array.copyWithin(to[strip], begin[strip], next[strip]);
      [begin[strip], next[strip]] = [to[strip], to[strip] + counts[strip]];
    };
    // Down from the first on, up from the last: none is written over before it has moved.
    for (let strip = 0; strip < strips; strip++) if (to[strip] < begin[strip]) move(strip);
    for (let strip = strips - 1; strip >= 0; strip--) if (to[strip] > begin[strip]) move(strip);
  };
  elements.each((row, column, value) => {
    const [line, across] = byRows ? [row, column] : [column, row];
    const strip = strips === 1 ? 0 : Math.floor(across / width);
    if (next[strip] === full(strip)) makeRoom(strip);
    indices[next[strip]] = across - strip * width;
    values[next[strip]++] = value;
    starts[strip * (lines + 1) + line + 1]++;
  });
  let count = 0;
  for (let strip = 0; strip < strips; strip++) {
    addUp(starts.subarray(strip * (lines + 1), (strip + 1) * (lines + 1)), begin[strip]);
    count += next[strip] - begin[strip];
  }
  return count;
}

/** Elements that come the other way are counted first, then written: those of a line are in order then too. */
function writeTurned(given: Elements, { lines, width, strips }: Cut, { starts, indices, values }: Arrays): number {
  const elements = quickly(given);
  const byRows = elements.order === "rows";
  const strip = (across: number) => Math.floor(across / width);
  elements.each((row, column) => {
    const [line, across] = byRows ? [column, row] : [row, column];
    starts[strip(across) * (lines + 1) + line + 1]++;
  });
  for (let i = 0, at = 0; i < strips; i++) {
    const own = starts.subarray(i * (lines + 1), (i + 1) * (lines + 1));
    addUp(own, at);
    at = own[lines];
  }
  const next = starts.slice();
  elements.each((row, column, value) => {
    const [line, across] = byRows ? [column, row] : [row, column];
    const at = next[strip(across) * (lines + 1) + line]++;
    indices[at] = across - strip(across) * width;
    values[at] = value;
  });
  return starts[starts.length - 1];
}

/** Makes starts of counts, each of which stands behind its line. */
function addUp(starts: Uint32Array, first: number): void {
  starts[0] = first;
  for (let i = 1; i < starts.length; i++) starts[i] += starts[i - 1];
}
