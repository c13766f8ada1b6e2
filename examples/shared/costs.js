const find = (id) => document.getElementById(id);

/**
 * Shows how many bytes came for this page, as they were sent, without headers; each part in the cell `NAME-bytes`, what is
 * none of them in `page-bytes`, the sum in `all-bytes`.
 * @param {Readonly<Record<string, RegExp>>} parts what the paths of each part look like
 * @param {number} peer bytes of the other way to do the same, for `peer-bytes`
 * @param {readonly { name: string, bytes: number }[]} others what a worker fetched
 */
export function showCosts(parts, peer, others = []) {
  const own = performance.getEntries().map(({ name, encodedBodySize: bytes = 0 }) => ({ name, bytes }));
  const bytes = Object.fromEntries([...Object.keys(parts), "page"].map((part) => [part, 0]));
  for (const { name, bytes: size } of [...own, ...others]) if (size > 0) bytes[partOf(parts, name)] += size;
  const all = Object.values(bytes).reduce((a, b) => a + b);
  for (const [part, size] of Object.entries({ ...bytes, all, peer })) {
    const cell = find(`${part}-bytes`);
    cell.textContent = `${Math.round(size / 1000).toLocaleString("en")} kB`;
    cell.parentElement.style.setProperty("--part", size / Math.max(all, peer));
  }
}

function partOf(parts, address) {
  const { pathname } = new URL(address);
  return Object.keys(parts).find((part) => parts[part].test(pathname)) ?? "page";
}
