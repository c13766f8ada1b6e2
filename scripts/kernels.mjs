// Compiles the kernels: src/runtime/kernels/assembly -> src/runtime/kernels/wasm.ts. Run by `npm run kernels`.
import { writeFileSync } from "node:fs";
import { main } from "assemblyscript/asc";

const SOURCE = "src/runtime/kernels/assembly/index.ts";
const TARGET = "src/runtime/kernels/wasm.ts";

/** The text of the generated file. */
export async function compiled() {
  let binary;
  const options = ["-O3", "--enable", "simd", "--runtime", "stub", "--noAssert", "--importMemory"];
  const { error, stderr } = await main([SOURCE, "--outFile", "kernels.wasm", ...options], {
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm")) binary = contents;
    },
  });
  if (error) throw new Error(stderr.toString());
  return `// Generated from assembly/ by \`npm run kernels\`.\nexport const WASM =\n  "${Buffer.from(binary).toString("base64")}";\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(TARGET, await compiled());
