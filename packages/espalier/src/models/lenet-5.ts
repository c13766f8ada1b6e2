import { caffeXavier } from "../onnx/build/initializers.ts";
import { conv2d, dense, flatten, maxPool, relu } from "../onnx/build/layers.ts";
import type { Model } from "../onnx/graph.ts";
import { build, type NetworkOptions } from "./network.ts";

const published = { name: "lenet-5", classes: 10, input: [1, 28, 28], initializer: caffeXavier };

/** LeNet-5 as Caffe has it (examples/mnist/lenet.prototxt): 20 and 50 maps of 5x5, 500, 10; 431,080 parameters. */
export function lenet5(options: NetworkOptions): Model {
  return build(published, options, ({ classes, scale }) => [
    conv2d(scale(20), 5),
    maxPool(2),
    conv2d(scale(50), 5),
    maxPool(2),
    flatten(),
    dense(scale(500)),
    relu(),
    dense(classes),
  ]);
}
