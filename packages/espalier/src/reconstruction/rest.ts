import type { Engine, Program, Tensors } from "../engine/engine.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import type { Layer } from "../operators/layers.ts";
import type { Task } from "../tasks/task.ts";
import { AgreementTally } from "../training/agreement.ts";
import type { Parameters } from "../training/parameters.ts";
import { type Walk, withoutIdle } from "./walk.ts";

/** The outputs of a network for one batch. */
export type Outputs = readonly NumericTensor[];

/** What comes behind a layer, itself included, ready to be run with other parameters of the layer. */
export class Rest {
  readonly parameters: readonly string[];
  readonly #program: Program;
  readonly #values: readonly Tensors[];
  readonly #outputs: readonly string[];
  readonly #task: Pick<Task, "lossTally"> | undefined;
  readonly #batch: number;

  private constructor(parts: {
    program: Program;
    parameters: readonly string[];
    values: readonly Tensors[];
    outputs: readonly string[];
    task?: Pick<Task, "lossTally">;
    batch: number;
  }) {
    this.#program = parts.program;
    this.parameters = parts.parameters;
    this.#values = parts.values;
    this.#outputs = parts.outputs;
    this.#task = parts.task;
    this.#batch = parts.batch;
  }

  /**
   * @param task by whose loss outputs are compared, each with what it was: that of imitation; default: the first output is
   *   class scores
   */
  static async compile(
    engine: Engine,
    { rest, values, batch }: Walk,
    layer: Layer,
    task?: Pick<Task, "lossTally">,
  ): Promise<Rest> {
    const own = new Set([...layer.node.inputs, layer.weight, layer.bias ?? ""]);
    const parameters = [...own].filter((name) => rest.initializers.has(name));
    const open = withoutIdle(rest);
    for (const name of parameters) {
      const tensor = open.initializers.get(name);
      open.initializers.delete(name);
      open.inputs.push({ name, dtype: tensor?.dtype, shape: tensor?.dims });
    }
    if (!task) open.outputs = open.outputs.slice(0, 1);
    const outputs = open.outputs.map(({ name }) => name);
    // An output that does not depend on the layer is among the values already.
    const made = new Set(open.nodes.flatMap((node) => node.outputs));
    open.outputs = open.outputs.filter(({ name }) => made.has(name));
    const program = await engine.compile(open, { resident: parameters });
    return new Rest({ program, parameters, values, outputs, task, batch });
  }

  /** What the network says with some parameters of the layer, batch by batch. */
  async outputs(parameters: Parameters): Promise<Outputs[]> {
    for (const [name, tensor] of parameters) this.#program.load(name, tensor);
    const found: Outputs[] = [];
    for (const values of this.#values) {
      const results = { ...values, ...(await this.#program.run(values)) };
      found.push(this.#outputs.map((name) => results[name]));
    }
    return found;
  }

  /** How far it is from what it was, in the unit of the task's loss; of class scores in nats. */
  async divergence(parameters: Parameters, reference: readonly Outputs[]): Promise<number> {
    const outputs = await this.outputs(parameters);
    if (!this.#task) {
      const tally = new AgreementTally();
      for (const [i, [scores]] of outputs.entries()) tally.add(scores, reference[i][0]);
      return tally.agreement().divergence;
    }
    const tally = this.#task.lossTally();
    const samples = this.#batch;
    for (const [i, own] of outputs.entries()) {
      tally.add({ outputs: own, targets: reference[i], samples, batch: samples });
    }
    return tally.result().loss;
  }

  async release(): Promise<void> {
    await this.#program.release();
  }
}
