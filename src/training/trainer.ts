import type { GradientRule } from "../autodiff/rule.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine, Program, Tensors } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { type FloatTensor, float32, isFloat32, type NumericTensor, scalar, sizeOf } from "../onnx/tensor.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { random } from "../random.ts";
import type { Clipping } from "./clip.ts";
import type { DropoutSite } from "./dropout.ts";
import { crossEntropy, type Loss } from "./loss.ts";
import { LABELS, LOSS, objective } from "./objective.ts";
import { type Optimizer, transformOf } from "./optimizer.ts";
import { LEARNING_RATE, maskOf, type Regularization, STEP, wholeStep } from "./step-graph.ts";

/** Float tensors by the name of their parameter. */
export type Parameters = ReadonlyMap<string, FloatTensor>;

/** A mask for each pruned parameter: 1 = kept, 0 = cut, in the parameter's shape. */
export type Masks = Parameters;

export interface TrainerOptions {
  readonly batch: number;
  /** Default: softmax cross-entropy. */
  readonly loss?: Loss;
  readonly optimizer: Optimizer;
  readonly regularization?: ReadonlyMap<string, Regularization>;
  readonly clipping?: Clipping;
  /** Connections to keep; what a mask cuts stays exactly zero. */
  readonly masks?: Masks;
  /** Parameters to leave as they are; no gradient is built for them. */
  readonly frozen?: ReadonlySet<string>;
  /** Ratio of dropped units by Dropout node; default: the ratio that the model states. */
  readonly dropout?: ReadonlyMap<string, number>;
  /** The seed of the dropout's noise. */
  readonly seed: number;
  readonly rules?: ReadonlyMap<string, GradientRule>;
}

/** Everything that the next step depends on beside the data. */
export interface TrainerState {
  /** Steps done. */
  readonly iteration: number;
  readonly parameters: Parameters;
  /** The optimizer's tensors, by "slot/parameter". */
  readonly slots: Parameters;
}

/** A network in training: a compiled step with its parameters and optimizer state. */
export class Trainer {
  /** The names of what is trained. */
  readonly parameterNames: readonly string[];
  readonly batch: number;
  readonly #program: Program;
  readonly #slots: readonly string[];
  readonly #dropout: readonly DropoutSite[];
  readonly #seed: number;
  readonly #feeds: Tensors;
  readonly #input: NumericTensor;
  #iteration = 0;

  private constructor(parts: {
    program: Program;
    parameterNames: readonly string[];
    slots: readonly string[];
    dropout: readonly DropoutSite[];
    feeds: Tensors;
    input: string;
    options: TrainerOptions;
  }) {
    this.#program = parts.program;
    this.parameterNames = parts.parameterNames;
    this.#slots = parts.slots;
    this.#dropout = parts.dropout;
    this.#feeds = parts.feeds;
    this.#input = parts.feeds[parts.input];
    this.batch = parts.options.batch;
    this.#seed = parts.options.seed;
  }

  /**
   * Compiles the training step of a network. Its parameters start from the model's initializers, masked.
   * @throws UserError when the network cannot be trained: an operator without a gradient rule, no float32 parameter, ...
   */
  static async create(engine: Engine, source: Model, options: TrainerOptions): Promise<Trainer> {
    const { batch, masks = new Map(), frozen = new Set() } = options;
    const typed = await annotate(engine, upgrade(source), { batch });
    const input = onlyInput(typed);
    const { model, dropout } = objective(typed, options.loss ?? crossEntropy);
    const parameterNames = trainableParameters(source).filter((name) => !frozen.has(name));
    const step = wholeStep(await annotate(engine, model, {}), {
      ...options,
      parameters: parameterNames,
      optimizer: transformOf(options.optimizer),
      masked: new Set(masks.keys()),
    });
    const program = await engine.compile(step.model, {
      carry: step.carry,
      resident: step.resident,
      reuseOutputs: true,
    });
    const slots = Object.values(step.carry).filter((name) => !parameterNames.includes(name));
    const feeds: Tensors = {
      [input.name]: float32(input.dims),
      [LABELS]: { dtype: "int32", dims: [batch], data: new Int32Array(batch) },
      [LEARNING_RATE]: scalar("float32", 0),
    };
    if (step.model.inputs.some(({ name }) => name === STEP)) feeds[STEP] = scalar("float32", 0);
    for (const site of dropout) {
      const ratio = options.dropout?.get(site.name) ?? site.ratio;
      feeds[site.ratioInput] = scalar("float32", ratio);
      feeds[site.noiseInput] = float32(site.dims);
    }
    const trainer = new Trainer({ program, parameterNames, slots, dropout, feeds, input: input.name, options });
    for (const name of parameterNames) {
      const mask = masks.get(name);
      if (mask) program.load(maskOf(name), mask);
    }
    trainer.#loadParameters(source.initializers, masks);
    return trainer;
  }

  #loadParameters(initializers: ReadonlyMap<string, unknown>, masks: Masks): void {
    for (const name of this.parameterNames) {
      const tensor = initializers.get(name) as FloatTensor;
      const mask = masks.get(name)?.data;
      this.#program.load(
        name,
        mask
          ? float32(
              tensor.dims,
              tensor.data.map((w, i) => w * mask[i]),
            )
          : tensor,
      );
    }
  }

  /** Where the next step's samples are to be written: [batch, ...sample]. */
  get inputs(): Float32Array {
    return this.#input.data as Float32Array;
  }

  /** Where the next step's labels are to be written: [batch]. */
  get labels(): Int32Array {
    return this.#feeds[LABELS].data as Int32Array;
  }

  /** Steps done. */
  get iteration(): number {
    return this.#iteration;
  }

  /** Does one step on what `inputs` and `labels` hold, and gives the batch's loss before it. */
  async step(learningRate: number): Promise<number> {
    this.#iteration++;
    this.#feeds[LEARNING_RATE].data[0] = learningRate;
    if (this.#feeds[STEP]) this.#feeds[STEP].data[0] = this.#iteration;
    for (const { name, noiseInput } of this.#dropout) {
      const { uniform } = random(this.#seed, "dropout", name, this.#iteration);
      const noise = this.#feeds[noiseInput].data;
      for (let i = 0; i < noise.length; i++) noise[i] = uniform();
    }
    const outputs = await this.#program.run(this.#feeds);
    return Number(outputs[LOSS].data[0]);
  }

  /** Copies of the parameters. */
  async parameters(): Promise<Parameters> {
    return this.#readAll(this.parameterNames);
  }

  /** A copy of all that the next step depends on. */
  async state(): Promise<TrainerState> {
    return {
      iteration: this.#iteration,
      parameters: await this.parameters(),
      slots: await this.#readAll(this.#slots),
    };
  }

  /**
   * Puts the trainer into a state that {@link state} gave.
   * @throws UserError when the state is that of another network or optimizer
   */
  restore({ iteration, parameters, slots }: TrainerState): void {
    for (const [names, tensors] of [
      [this.parameterNames, parameters],
      [this.#slots, slots],
    ] as const) {
      for (const name of names) {
        const tensor = tensors.get(name);
        if (!tensor)
          throw new UserError(
            `The saved state has no "${name}": resume with the network and options it was saved with.`,
          );
        this.#program.load(name, tensor);
      }
    }
    this.#iteration = iteration;
  }

  async release(): Promise<void> {
    await this.#program.release();
  }

  async #readAll(names: readonly string[]): Promise<Parameters> {
    const found = new Map<string, FloatTensor>();
    for (const name of names) {
      const tensor = await this.#program.read(name);
      if (isFloat32(tensor)) found.set(name, tensor);
    }
    return found;
  }
}

/** The parameters of a network that can be trained: float32 initializers of at least one dimension that a node reads. */
export function trainableParameters(model: Model): string[] {
  const read = new Set(model.nodes.flatMap(({ inputs }) => inputs));
  return [...model.initializers.keys()].filter((name) => {
    const tensor = model.initializers.get(name);
    return read.has(name) && isFloat32(tensor) && tensor.dims.length > 0 && sizeOf(tensor.dims) > 0;
  });
}

function onlyInput(model: Model): { name: string; dims: readonly number[] } {
  const fed = fedInputs(model);
  const [input] = fed;
  if (fed.length !== 1 || input.dtype !== "float32") {
    throw new UserError(
      `The network "${model.name}" has the inputs ${fed.map(({ name }) => name).join(", ") || "none"}, and training needs one of float32.`,
    );
  }
  return { name: input.name, dims: (input.shape ?? []).map(Number) };
}
