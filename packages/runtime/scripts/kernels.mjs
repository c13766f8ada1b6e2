// Compiles the kernels: src/kernels/assembly -> src/kernels/wasm.ts. Run by `npm run kernels`.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

const PACKAGE = new URL("../", import.meta.url);
const SOURCE = fileURLToPath(new URL("src/kernels/assembly/index.ts", PACKAGE));
/** On memory of up to 2 GB that workers share. */
const SHARED = ["--enable", "threads", "--sharedMemory", "--maximumMemory", "32768"];

const TARGET = new URL("src/kernels/wasm.ts", PACKAGE);

/** The text of the generated file. */
export async function compiled() {
  const variants = {
    SIMD: await compile([]),
    RELAXED: await compile(["relaxed-simd"]),
    SHARED_SIMD: await compile([], SHARED),
    SHARED_RELAXED: await compile(["relaxed-simd"], SHARED),
  };
  const exports = Object.entries(variants).map(([name, code]) => `export const ${name} =\n  "${code}";\n`);
  return `// Generated from assembly/ by \`npm run kernels\`.\n${exports.join("")}`;
}

async function compile(features, memory = []) {
  let binary;
  const enabled = ["simd", ...features].flatMap((feature) => ["--enable", feature]);
  const options = ["-O3", ...enabled, "--runtime", "stub", "--noAssert", "--importMemory", ...memory];
  const { error, stderr } = await main([SOURCE, "--outFile", "kernels.wasm", ...options], {
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm")) binary = contents;
    },
  });
  if (error) throw new Error(stderr.toString());
  return Buffer.from(binary).toString("base64");
}

if (process.argv[1] === import.meta.filename) writeFileSync(TARGET, await compiled());
