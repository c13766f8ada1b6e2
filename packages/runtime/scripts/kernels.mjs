// Compiles the kernels: src/kernels/assembly -> src/kernels/wasm.ts, and kernels.wasm. Run by `npm run kernels`.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

const PACKAGE = new URL("../", import.meta.url);
const SOURCE = fileURLToPath(new URL("src/kernels/assembly/index.ts", PACKAGE));
/** On memory of up to 2 GB. */
const MEMORY = ["--importMemory", "--maximumMemory", "32768"];

const TARGET = new URL("src/kernels/wasm.ts", PACKAGE);

/** The same as a file, for where a module may be imported but not compiled. */
const MODULE = new URL("kernels.wasm", PACKAGE);

/** The text of the generated source. */
export async function compiled() {
  const variants = {
    SIMD: await compile([]),
    RELAXED: await compile(["relaxed-simd"]),
  };
  const exports = Object.entries(variants).map(([name, code]) => `export const ${name} =\n  "${code}";\n`);
  return `// Generated from assembly/ by \`npm run kernels\`.\n${exports.join("")}`;
}

/** The bytes of the generated module: on one thread, in the SIMD that every engine has. */
export function compiledModule() {
  return binaryOf([]);
}

/** The same on memory that workers share: what `sharing` in machine.ts makes of it. */
export function compiledToShare() {
  return binaryOf([], ["--enable", "threads", "--sharedMemory"]);
}

async function compile(features) {
  return Buffer.from(await binaryOf(features)).toString("hex");
}

async function binaryOf(features, memory = []) {
  let binary;
  const enabled = ["simd", ...features].flatMap((feature) => ["--enable", feature]);
  const options = ["-O3", ...enabled, "--runtime", "stub", "--noAssert", ...MEMORY, ...memory];
  const { error, stderr } = await main([SOURCE, "--outFile", "kernels.wasm", ...options], {
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm")) binary = contents;
    },
  });
  if (error) throw new Error(stderr.toString());
  return binary;
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(TARGET, await compiled());
  writeFileSync(MODULE, await compiledModule());
}
