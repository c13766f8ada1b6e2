import type { Method } from "../../coding/encode-tensor.ts";
import { oneOf, option } from "./option.ts";

/** How a network is written small. */
export const codingOptions = {
  format: option(oneOf(["esp", "onnx", "gather"]).optional(), {
    help: "esp (default, unless the name ends in .onnx); onnx: values written out; gather: codes and codebooks in an .onnx",
  }),
  mode: option(oneOf(["context", "static", "huffman"] as const satisfies readonly Method[]).default("context"), {
    help: "how an .esp is coded: in contexts (the smallest), with static tables (the quickest to decode), or as in Deep Compression, by relative indices and Huffman",
  }),
};
