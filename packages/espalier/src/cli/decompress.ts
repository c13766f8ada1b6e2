import { dirname } from "node:path";
import { Command } from "commander";
import { decode } from "espalier-runtime/codec";
import { checkWritable, readFile, writeFile } from "./files.ts";
import { bytes, printJson, printLine } from "./print.ts";

/** `espalier decompress`: the .onnx that an .esp was made of. */
export const decompressCommand = new Command("decompress")
  .summary("make an .onnx file of an .esp file")
  .description("Makes the .onnx file that an .esp file was made of, bit for bit.")
  .argument("<file>", "an .esp file")
  .requiredOption("--out <file>", "where to write")
  .option("--json", "print one JSON object")
  .addHelpText("after", "\nExample:\n  espalier decompress pruned.esp --out pruned.onnx")
  .action((path: string, { out, json }: { out: string; json?: boolean }) => {
    const file = readFile(path);
    const contents = decode(file, path);
    checkWritable(dirname(out));
    writeFile(out, contents);
    if (json) printJson({ bytes: contents.length, bytesBefore: file.length, file: out });
    else printLine(`${out}: ${bytes(file.length)} -> ${bytes(contents.length)}`);
  });
