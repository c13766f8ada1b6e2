// Compiles the kernels of fitting: src/reconstruction/kernels/assembly -> wasm.ts beside it. Run by `npm run kernels`.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

const FOLDER = new URL("../src/reconstruction/kernels/", import.meta.url);
const SOURCE = fileURLToPath(new URL("assembly/index.ts", FOLDER));
const TARGET = new URL("wasm.ts", FOLDER);

/** In the SIMD that every engine has: relaxed SIMD would round otherwise on other machines. */
const OPTIONS = ["-O3", "--enable", "simd", "--runtime", "stub", "--noAssert", "--importMemory"];

/** The text of the generated source. */
export async function compiled() {
  let binary;
  const { error, stderr } = await main([SOURCE, "--outFile", "kernels.wasm", ...OPTIONS], {
    writeFile: (name, contents) => {
      if (name.endsWith(".wasm")) binary = contents;
    },
  });
  if (error) throw new Error(stderr.toString());
  const code = Buffer.from(binary).toString("hex");
  return `// Generated from assembly/ by \`npm run kernels\`.\nexport const SIMD =\n  "${code}";\n`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(TARGET, await compiled());
