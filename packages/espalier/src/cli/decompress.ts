import { decode } from "espalier-runtime/codec";
import { z } from "zod";
import { json, out } from "../library/options/common.ts";
import { claimFile } from "./claims.ts";
import { defineCommand } from "./command.ts";
import { readFile, writeFile } from "./files.ts";
import { bytes, printJson, printLine } from "./print.ts";

/** `espalier decompress`: the .onnx that an .esp was made of. */
export const decompressCommand = () =>
  defineCommand({
    name: "decompress",
    summary: "make an .onnx file of an .esp file",
    description: "Makes the .onnx file that an .esp file was made of, bit for bit.",
    argument: { name: "file", help: "an .esp file" },
    options: z.object({ out: out("file", "where to write"), json }),
    examples: ["decompress pruned.esp --out pruned.onnx"],
    run({ argument: path, options: { out: file, json } }) {
      const source = readFile(path);
      const contents = decode(source, path);
      claimFile(file, [path]);
      writeFile(file, contents);
      if (json) printJson({ bytes: contents.length, bytesBefore: source.length, file });
      else printLine(`${file}: ${bytes(source.length)} -> ${bytes(contents.length)}`);
    },
  });
