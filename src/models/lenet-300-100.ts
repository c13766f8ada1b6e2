import type { Model } from "../onnx/graph.ts";
import { caffeXavier } from "../onnx/initializers.ts";
import { dense, flatten, relu } from "../onnx/layers.ts";
import { sequential } from "../onnx/sequential.ts";

/** LeNet-300-100 (LeCun et al., 1998): 784-300-100-10 fully connected, 266,610 parameters. */
export function lenet300100({ seed }: { readonly seed: number }): Model {
  return sequential([flatten(), dense(300), relu(), dense(100), relu(), dense(10)], {
    name: "lenet-300-100",
    input: [1, 28, 28],
    seed,
    initializer: caffeXavier,
  });
}
