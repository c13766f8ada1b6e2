import type { Command } from "./survive.ts";

const data = ["--data", "data.mjs"];
const training = [...data, "--batch", "20"];

/** The commands that go on after they were stopped, as small as they can be. */
export const commands: readonly Command[] = [
  {
    name: "train",
    words: ["train", "net.onnx", ...training, "--epochs", "6"],
    file: "trained.onnx",
    checkpoint: "trained.onnx.checkpoint",
  },
  {
    name: "prune-rate",
    words: ["prune", "net.onnx", ...training, "--epochs", "2", "--rate", "3"],
    checkpoint: "checkpoint.onnx",
  },
  {
    name: "prune-loss",
    words: ["prune", "net.onnx", ...training, "--epochs", "1", "--max-loss", "10"],
    checkpoint: "checkpoint.onnx",
  },
  {
    name: "prune-rounds",
    words: ["prune", "net.onnx", ...training, "--epochs", "2", "--density", "*=0.5", "--rounds", "3"],
    checkpoint: "checkpoint.onnx",
  },
  {
    name: "prune-splicing",
    words: ["prune", "net.onnx", ...training, "--epochs", "2", "--rate", "2", "--splicing"],
    checkpoint: "checkpoint.onnx",
  },
  { name: "prune-unlabeled", words: ["prune", "net.onnx", ...data, "--unlabeled", "--max-loss", "10"] },
  { name: "scan", words: ["scan", "net.onnx", ...data, "--retrain", "1"], checkpoint: "scan.partial.json" },
  { name: "compress", words: ["compress", "net.onnx", ...data, "--max-loss", "10"], file: "small.esp" },
];

/** Takes longer than all others. */
export const reproduction: Command = {
  name: "reproduce",
  words: ["reproduce", "lstm", "--quick", "--data", "text:text.txt"],
};
