import { createHash } from "node:crypto";
import { encodeFile } from "../../src/coding/encode.ts";
import { vectors } from "./vectors.ts";

const INTRODUCTION = `# Test vectors of the .esp format

<!-- Written by npm run vectors, from packages/espalier/test/coding/vectors.ts. -->

For whoever writes a decoder of [the format](../format.md): \`NAME.esp\` decodes to the bytes of \`NAME.onnx\`, all of them and no others. An encoder may write other files that decode to the same. A file that is here stays: whatever changes, version 1 of the format does not.
`;

export interface VectorFile {
  readonly path: string;
  readonly contents: Uint8Array | string;
}

/** The files of docs/vectors. */
export function vectorFiles(): VectorFile[] {
  const rows: string[] = [];
  const files = vectors.flatMap(({ name, about, mode, onnx }): VectorFile[] => {
    const esp = encodeFile(onnx, { mode });
    const digest = createHash("sha256").update(onnx).digest("hex");
    rows.push(`| ${name} | ${about} | ${esp.length} | ${onnx.length} | \`${digest}\` |`);
    return [
      { path: `${name}.esp`, contents: esp },
      { path: `${name}.onnx`, contents: onnx },
    ];
  });
  const table = [
    "| name | what it holds | .esp, bytes | .onnx, bytes | SHA-256 of the .onnx |",
    "|-|-|-|-|-|",
    ...rows,
  ];
  return [...files, { path: "README.md", contents: `${INTRODUCTION}\n${table.join("\n")}\n` }];
}
