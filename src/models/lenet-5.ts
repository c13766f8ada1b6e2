import type { Model } from "../onnx/graph.ts";
import { caffeXavier } from "../onnx/initializers.ts";
import { conv2d, dense, flatten, maxPool, relu } from "../onnx/layers.ts";
import { sequential } from "../onnx/sequential.ts";

/** LeNet-5 as Caffe has it (examples/mnist/lenet.prototxt): 20 and 50 maps of 5x5, 500, 10; 431,080 parameters. */
export function lenet5({ seed }: { readonly seed: number }): Model {
  return sequential([conv2d(20, 5), maxPool(2), conv2d(50, 5), maxPool(2), flatten(), dense(500), relu(), dense(10)], {
    name: "lenet-5",
    input: [1, 28, 28],
    seed,
    initializer: caffeXavier,
  });
}
