/** Compressed rows: the non-zero elements of row r are at starts[r] to starts[r + 1]. */
export interface Compressed {
  readonly starts: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

/**
 * Compresses the rows of a dense array.
 * @param first the column at which a row begins in the matrix, where its other elements are zero; default: 0
 */
export function compressRows(
  data: Float32Array,
  rows: number,
  width: number,
  first: (row: number) => number = () => 0,
): Compressed {
  let count = 0;
  for (let i = 0; i < rows * width; i++) if (data[i] !== 0) count++;
  const starts = new Uint32Array(rows + 1);
  const indices = new Uint32Array(count);
  const values = new Float32Array(count);
  let k = 0;
  for (let row = 0; row < rows; row++) {
    const offset = first(row) - row * width;
    for (let i = row * width; i < (row + 1) * width; i++) {
      if (data[i] === 0) continue;
      indices[k] = i + offset;
      values[k++] = data[i];
    }
    starts[row + 1] = k;
  }
  return { starts, indices, values };
}

/** The same elements by columns instead of rows. */
export function transposed({ starts, indices, values }: Compressed, rows: number, columns: number): Compressed {
  const ends = new Uint32Array(columns + 1);
  for (const column of indices) ends[column + 1]++;
  for (let column = 0; column < columns; column++) ends[column + 1] += ends[column];
  const next = ends.slice(0, columns);
  const turned = { starts: ends, indices: new Uint32Array(indices.length), values: new Float32Array(values.length) };
  for (let row = 0; row < rows; row++) {
    for (let k = starts[row]; k < starts[row + 1]; k++) {
      const to = next[indices[k]]++;
      turned.indices[to] = row;
      turned.values[to] = values[k];
    }
  }
  return turned;
}

/**
 * Cuts lines into strips: first all that lies in the first `width` elements of every line, then what lies in the next.
 * Indices count from where a strip begins; each strip has starts of its own, lines + 1 of them, behind those of the last.
 */
export function cutIntoStrips(elements: Compressed, width: number, strips: number): Compressed {
  if (strips === 1) return elements;
  const { starts, indices, values } = elements;
  const lines = starts.length - 1;
  const next = starts.slice(0, lines);
  const cut = {
    starts: new Uint32Array(strips * (lines + 1)),
    indices: new Uint32Array(indices.length),
    values: new Float32Array(values.length),
  };
  let to = 0;
  for (let strip = 0; strip < strips; strip++) {
    const first = strip * (lines + 1);
    for (let line = 0; line < lines; line++) {
      cut.starts[first + line] = to;
      for (; next[line] < starts[line + 1] && indices[next[line]] < (strip + 1) * width; next[line]++) {
        cut.indices[to] = indices[next[line]] - strip * width;
        cut.values[to++] = values[next[line]];
      }
    }
    cut.starts[first + lines] = to;
  }
  return cut;
}

/** What {@link cutIntoStrips} was given. */
export function joinStrips(cut: Compressed, width: number, strips: number): Compressed {
  if (strips === 1) return cut;
  const lines = cut.starts.length / strips - 1;
  const starts = new Uint32Array(lines + 1);
  const indices = new Uint32Array(cut.indices.length);
  const values = new Float32Array(cut.values.length);
  let to = 0;
  for (let line = 0; line < lines; line++) {
    for (let strip = 0; strip < strips; strip++) {
      const at = strip * (lines + 1) + line;
      for (let k = cut.starts[at]; k < cut.starts[at + 1]; k++) {
        indices[to] = cut.indices[k] + strip * width;
        values[to++] = cut.values[k];
      }
    }
    starts[line + 1] = to;
  }
  return { starts, indices, values };
}
