/** An idx file of unsigned bytes. */
export function idx(dims: readonly number[], data: readonly number[]): Uint8Array {
  const header = [
    0,
    0,
    8,
    dims.length,
    ...dims.flatMap((dim) => [dim >>> 24, (dim >>> 16) & 255, (dim >>> 8) & 255, dim & 255]),
  ];
  return Uint8Array.from([...header, ...data]);
}

/** An .npy file. */
export function npy(descr: string, shape: readonly number[], data: ArrayBufferView, order = "False"): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  const padded = `${text.padEnd(117)}\n`;
  const head = [0x93, ..."NUMPY".split("").map((c) => c.charCodeAt(0)), 1, 0, padded.length & 255, padded.length >> 8];
  const body = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Uint8Array.from([...head, ...padded.split("").map((c) => c.charCodeAt(0)), ...body]);
}
