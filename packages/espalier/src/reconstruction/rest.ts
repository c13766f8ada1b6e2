import type { Engine, Program, Tensors } from "../engine/engine.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import type { Layer } from "../operators/layers.ts";
import { AgreementTally } from "../training/agreement.ts";
import type { Parameters } from "../training/parameters.ts";
import { type Walk, withoutIdle } from "./walk.ts";

/** What comes behind a layer, itself included, ready to be run with other parameters of the layer. */
export class Rest {
  readonly parameters: readonly string[];
  readonly #program: Program;
  readonly #values: readonly Tensors[];
  readonly #output: string;

  private constructor(program: Program, parameters: readonly string[], values: readonly Tensors[], output: string) {
    this.#program = program;
    this.parameters = parameters;
    this.#values = values;
    this.#output = output;
  }

  static async compile(engine: Engine, { rest, values }: Walk, layer: Layer, output: string): Promise<Rest> {
    const own = new Set([...layer.node.inputs, layer.weight, layer.bias ?? ""]);
    const parameters = [...own].filter((name) => rest.initializers.has(name));
    const open = withoutIdle(rest);
    for (const name of parameters) {
      const tensor = open.initializers.get(name);
      open.initializers.delete(name);
      open.inputs.push({ name, dtype: tensor?.dtype, shape: tensor?.dims });
    }
    open.outputs = open.outputs.slice(0, 1);
    return new Rest(await engine.compile(open, { resident: parameters }), parameters, values, output);
  }

  async outputs(parameters: Parameters): Promise<NumericTensor[]> {
    for (const [name, tensor] of parameters) this.#program.load(name, tensor);
    const found: NumericTensor[] = [];
    for (const values of this.#values) found.push((await this.#program.run(values))[this.#output]);
    return found;
  }

  async divergence(parameters: Parameters, reference: readonly NumericTensor[]): Promise<number> {
    const tally = new AgreementTally();
    for (const [i, scores] of (await this.outputs(parameters)).entries()) tally.add(scores, reference[i]);
    return tally.agreement().divergence;
  }

  async release(): Promise<void> {
    await this.#program.release();
  }
}
