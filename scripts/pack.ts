import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { brokenLinks } from "./links.ts";
import { inEmptyFolder, ROOT, run } from "./shell.ts";

// `npm run pack -- FOLDER` builds both packages anew, packs them into FOLDER, and checks the tarballs: entry points and
// types as publint and arethetypeswrong see them, links of the pages, and sizes.

/**
 * The packages, and how many bytes each may have once it is installed, without what it depends on. Of espalier's the
 * studio's page takes up to 4 MB, a sample of MNIST among them.
 */
const PACKAGES = { runtime: 1_000_000, espalier: 14_000_000 };

const folder = resolve(process.argv[2] ?? "packed");

// What was built of sources that are no longer there must not be packed.
for (const name of Object.keys(PACKAGES)) {
  for (const built of ["dist", "tsconfig.tsbuildinfo"])
    rmSync(join(ROOT, "packages", name, built), { recursive: true, force: true });
}
run(ROOT, ["npm", "run", "build"]);

mkdirSync(folder, { recursive: true });
for (const [name, limit] of Object.entries(PACKAGES)) {
  const { stdout } = run(join(ROOT, "packages", name), ["npm", "pack", "--json", "--pack-destination", folder]);
  const [{ filename, unpackedSize, size }] = JSON.parse(stdout);
  console.log(`${filename}: ${size} bytes, ${unpackedSize} unpacked`);
  if (unpackedSize > limit) throw new Error(`${filename} has ${unpackedSize} bytes unpacked, more than ${limit}.`);
  const tarball = join(folder, filename);
  run(folder, ["publint", "--strict", tarball]);
  run(folder, ["attw", "--profile", "esm-only", tarball]);
  await inEmptyFolder((unpacked) => {
    run(unpacked, ["tar", "xf", tarball]);
    const broken = brokenLinks(join(unpacked, "package"));
    if (broken.length > 0) throw new Error(`Links of ${filename} lead nowhere: ${broken.join(", ")}.`);
    if (!readdirSync(join(unpacked, "package")).includes("README.md")) throw new Error(`${filename} has no README.md.`);
  });
}
