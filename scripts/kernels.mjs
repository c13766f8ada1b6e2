// Compiles the kernels: src/runtime/kernels/assembly -> src/runtime/kernels/wasm.ts. Run by `npm run kernels`.
import { writeFileSync } from "node:fs";
import { main } from "assemblyscript/asc";

const SOURCE = "src/runtime/kernels/assembly/index.ts";
const TARGET = "src/runtime/kernels/wasm.ts";

/** The text of the generated file. */
export async function compiled() {
  const [simd, relaxed] = [await compile([]), await compile(["relaxed-simd"])];
  return `// Generated from assembly/ by \`npm run kernels\`.\nexport const SIMD =\n  "${simd}";\nexport const RELAXED =\n  "${relaxed}";\n`;
}

async function compile(features) {
  let binary;
  const enabled = ["simd", ...features].flatMap((feature) => ["--enable", feature]);
  const options = ["-O3", ...enabled, "--runtime", "stub", "--noAssert", "--importMemory"];
  const { error, stderr } = await main([SOURCE, "--outFile", "kernels.wasm", ...options], {
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm")) binary = contents;
    },
  });
  if (error) throw new Error(stderr.toString());
  return Buffer.from(binary).toString("base64");
}

if (process.argv[1] === import.meta.filename) writeFileSync(TARGET, await compiled());
