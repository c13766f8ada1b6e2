/** Time for shrinking one input. */
const SECONDS = 30;

/**
 * The smallest parts found that still fail: pieces are left out, large ones first.
 * @param fails returns true where parts fail in the same way
 */
export async function shrunk(
  parts: readonly Uint8Array[],
  fails: (parts: readonly Uint8Array[]) => Promise<boolean>,
): Promise<readonly Uint8Array[]> {
  const end = performance.now() + 1000 * SECONDS;
  let smallest = parts;
  for (let before = Number.POSITIVE_INFINITY; sizeOf(smallest) < before && performance.now() < end; ) {
    before = sizeOf(smallest);
    for (let which = 0; which < parts.length; which++) {
      const attempt = async (part: Uint8Array) => {
        const tried = smallest.map((own, i) => (i === which ? part : own));
        if (performance.now() >= end || !(await fails(tried))) return false;
        smallest = tried;
        return true;
      };
      for (let size = smallest[which].length; size >= 1; size = Math.floor(size / 2)) {
        for (let at = 0; at < smallest[which].length && performance.now() < end; ) {
          if (!(await attempt(without(smallest[which], at, size)))) at += size;
        }
      }
    }
  }
  return smallest;
}

const sizeOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0);

function without(bytes: Uint8Array, at: number, size: number): Uint8Array {
  const left = new Uint8Array(bytes.length - Math.min(size, bytes.length - at));
  left.set(bytes.subarray(0, at));
  left.set(bytes.subarray(at + size), at);
  return left;
}
