import { caffeXavier } from "../onnx/build/initializers.ts";
import { dense, flatten, relu } from "../onnx/build/layers.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "lenet-300-100", classes: 10, input: [1, 28, 28], initializer: caffeXavier };

/** LeNet-300-100 (LeCun et al., 1998): 784-300-100-10 fully connected, 266,610 parameters. */
export function lenet300100(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => [
    flatten(),
    dense(scale(300)),
    relu(),
    dense(scale(100)),
    relu(),
    dense(classes),
  ]);
}
