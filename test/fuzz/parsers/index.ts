import type { Target } from "../target.ts";
import { caffemodel, deepCompression, prototxt } from "./caffe.ts";
import { checkpoint } from "./checkpoint.ts";
import { csv } from "./csv.ts";
import { esp } from "./esp.ts";
import { idxFiles } from "./idx.ts";
import { images } from "./images.ts";
import { json } from "./json.ts";
import { models } from "./models.ts";
import { npz } from "./npz.ts";
import { onnx } from "./onnx.ts";
import { text } from "./text.ts";
import { wav } from "./wav.ts";

/** All that reads what may come from anyone, by name. */
export const targets: Readonly<Record<string, Target>> = {
  onnx,
  models,
  esp,
  prototxt,
  caffemodel,
  net: deepCompression,
  idx: idxFiles,
  npz,
  csv,
  wav,
  images,
  text,
  json,
  checkpoint,
};
