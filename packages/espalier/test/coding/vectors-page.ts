import { createHash } from "node:crypto";
import { encodeFile } from "../../src/coding/encode.ts";
import { vectors } from "./vectors.ts";

const INTRODUCTION = `# Test vectors of the .esp format

<!-- Written by npm run vectors, from packages/espalier/test/coding/vectors.ts. -->

For whoever writes a decoder of [the format](../format.md): \`NAME.esp\` decodes to the bytes of \`NAME.onnx\`, all of them and no others. An encoder may write other files that decode to the same. A file that is here stays: whatever changes, versions 1 to 3 of the format do not.
`;

export interface VectorFile {
  readonly path: string;
  readonly contents: Uint8Array | string;
}

/** The files of docs/vectors. */
export function vectorFiles(): VectorFile[] {
  const rows: string[] = [];
  const files = vectors.flatMap(({ name, about, mode, version = 1, onnx }): VectorFile[] => {
    const esp = encodeFile(onnx, { mode, version });
    if (esp[4] !== version) throw new Error(`${name} is of version ${esp[4]}, not ${version}.`);
    const digest = createHash("sha256").update(onnx).digest("hex");
    rows.push(`| ${name} | ${version} | ${about} | ${esp.length} | ${onnx.length} | \`${digest}\` |`);
    return [
      { path: `${name}.esp`, contents: esp },
      { path: `${name}.onnx`, contents: onnx },
    ];
  });
  const table = [
    "| name | version | what it holds | .esp, bytes | .onnx, bytes | SHA-256 of the .onnx |",
    "|-|-|-|-|-|-|",
    ...rows,
  ];
  return [...files, { path: "README.md", contents: `${INTRODUCTION}\n${table.join("\n")}\n` }];
}
