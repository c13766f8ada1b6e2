import type { Engine } from "../../../src/engine/engine.ts";
import { conv2d, dense, flatten, maxPool, relu } from "../../../src/onnx/build/layers.ts";
import { sequential } from "../../../src/onnx/build/sequential.ts";
import type { Model } from "../../../src/onnx/graph.ts";
import { float32 } from "../../../src/onnx/tensor.ts";
import { random } from "../../../src/random.ts";
import { parametersOf, trainableParameters } from "../../../src/training/parameters.ts";

/** A small convolutional network with most connections cut, so that some units die. */
export function sparse(seed: number): Model {
  const model = sequential([conv2d(4, 3), relu(), maxPool(2), flatten(), dense(10), relu(), dense(3)], {
    name: "sparse",
    input: [1, 8, 8],
    seed,
  });
  const { uniform, normal } = random(seed, "cut");
  for (const [name, { dims, data }] of parametersOf(model, trainableParameters(model))) {
    const keep = name.endsWith("weight") ? 0.04 : 1;
    model.initializers.set(
      name,
      float32(
        dims,
        data.map(() => (uniform() < keep ? normal() : 0)),
      ),
    );
  }
  return model;
}

/** What a network says of two random samples. */
export async function outputsOf(engine: Engine, model: Model): Promise<number[]> {
  const program = await engine.compile(model);
  const { normal } = random(5, "input");
  const found = await program.run({ input: float32([2, 1, 8, 8], Float32Array.from({ length: 128 }, normal)) });
  await program.release();
  return Array.from<number | bigint, number>(found[model.outputs[0].name].data, Number);
}
