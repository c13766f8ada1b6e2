// Compiles the kernels: src/kernels/assembly -> src/kernels/wasm.ts, wasm-codes.ts, and kernels.wasm. Run by `npm run kernels`.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

const PACKAGE = new URL("../", import.meta.url);
const sourceOf = (name) => fileURLToPath(new URL(`src/kernels/assembly/${name}.ts`, PACKAGE));
/** On memory of up to 2 GB. */
const MEMORY = ["--importMemory", "--maximumMemory", "32768"];

const TARGET = new URL("src/kernels/wasm.ts", PACKAGE);

/** Those of codes alone, which only some networks need: one form, whose whole numbers are the same in either. */
const CODES_TARGET = new URL("src/kernels/wasm-codes.ts", PACKAGE);

/** All of them as a file, for where a module may be imported but not compiled. */
const MODULE = new URL("kernels.wasm", PACKAGE);

/** The text of the generated source. */
export async function compiled() {
  const variants = {
    SIMD: await compile("index", []),
    RELAXED: await compile("index", ["relaxed-simd"]),
  };
  return textOf(variants);
}

/** The text of the generated source of those of codes. */
export async function compiledCodes() {
  return textOf({ CODES: await compile("whole", []) });
}

function textOf(variants) {
  const exports = Object.entries(variants).map(([name, code]) => `export const ${name} =\n  "${code}";\n`);
  return `// Generated from assembly/ by \`npm run kernels\`.\n${exports.join("")}`;
}

/** The bytes of the generated module: on one thread, in the SIMD that every engine has. */
export function compiledModule() {
  return binaryOf("all", []);
}

/** The same on memory that workers share: what `sharing` in machine.ts makes of it. */
export function compiledToShare() {
  return binaryOf("all", [], ["--enable", "threads", "--sharedMemory"]);
}

async function compile(name, features) {
  return Buffer.from(await binaryOf(name, features)).toString("hex");
}

async function binaryOf(name, features, memory = []) {
  let binary;
  const enabled = ["simd", ...features].flatMap((feature) => ["--enable", feature]);
  const options = ["-O3", ...enabled, "--runtime", "stub", "--noAssert", ...MEMORY, ...memory];
  const { error, stderr } = await main([sourceOf(name), "--outFile", "kernels.wasm", ...options], {
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm")) binary = contents;
    },
  });
  if (error) throw new Error(stderr.toString());
  return binary;
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(TARGET, await compiled());
  writeFileSync(CODES_TARGET, await compiledCodes());
  writeFileSync(MODULE, await compiledModule());
}
