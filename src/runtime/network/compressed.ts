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
