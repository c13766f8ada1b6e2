import type { RecurrentOp } from "../onnx/build/recurrent.ts";
import type { Model } from "../onnx/graph.ts";
import { alexnet } from "./alexnet.ts";
import { googlenet } from "./googlenet.ts";
import { gpt } from "./gpt.ts";
import { LANGUAGE_SIZES, languageNetwork } from "./language.ts";
import { lenet5 } from "./lenet-5.ts";
import { lenet300100 } from "./lenet-300-100.ts";
import { mobilenetV2 } from "./mobilenet-v2.ts";
import type { NetworkOptions } from "./network.ts";
import { neuraltalk } from "./neuraltalk.ts";
import { resnet20 } from "./resnet-20.ts";
import { resnet50 } from "./resnet-50.ts";
import { squeezenet } from "./squeezenet.ts";
import { vgg16 } from "./vgg-16.ts";
import { vit } from "./vit.ts";

/** A network that can be built by name. */
export interface Architecture {
  readonly title: string;
  /** @throws UserError when the network cannot have such an input */
  build(options: NetworkOptions): Model;
  /** Whether it reads tokens, of which there are as many as it has classes: it is built for some data. */
  readonly text?: boolean;
}

/** The networks that come with Espalier, by the names that the command line gives them. */
export const networks: ReadonlyMap<string, Architecture> = new Map<string, Architecture>([
  ["lenet-300-100", { title: "LeNet-300-100", build: lenet300100 }],
  ["lenet-5", { title: "LeNet-5", build: lenet5 }],
  ["alexnet", { title: "AlexNet", build: alexnet }],
  ["vgg-16", { title: "VGG-16", build: vgg16 }],
  ["googlenet", { title: "GoogLeNet", build: googlenet }],
  ["squeezenet", { title: "SqueezeNet", build: squeezenet }],
  ["resnet-50", { title: "ResNet-50", build: resnet50 }],
  ["resnet-20", { title: "ResNet-20", build: resnet20 }],
  ["mobilenet-v2", { title: "MobileNetV2", build: mobilenetV2 }],
  ["vit", { title: "ViT", build: vit }],
  ["lstm", forText("LSTM", 256)],
  ["lstm-512", forText("LSTM", 512)],
  ["gru", forText("GRU", 256)],
  ["gpt", { title: "GPT", build: gpt, text: true }],
  ["neuraltalk", { title: "NeuralTalk", build: neuraltalk, text: true }],
]);

function forText(op: RecurrentOp, units: keyof typeof LANGUAGE_SIZES): Architecture {
  const title = units === 256 ? op : `${op} of ${units} units`;
  return { title, build: (options) => languageNetwork(op, LANGUAGE_SIZES[units], options), text: true };
}
