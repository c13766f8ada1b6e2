import type { Engine, Program } from "../engine/engine.ts";
import { UserError } from "../errors.ts";
import { copyModel, fedInputs, type Model } from "../onnx/graph.ts";
import { type NumericTensor, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { layersOf } from "../operators/layers.ts";
import { macsOf } from "../operators/macs.ts";
import type { Parameters } from "./parameters.ts";

/**
 * What it costs to compile a network anew, in multiplications that would be done meanwhile: for each number of its
 * weights, which is written, read and put in order; for each node; and for each number that a batch's run holds, as the
 * memory of its first two runs is new to the process.
 */
const MACS_PER_WEIGHT = 2000;
const MACS_PER_NODE = 5e7;
const MACS_PER_VALUE = 500;
/** No more numbers than these are held a second time: 128 MB. */
const MOST_NUMBERS = 2 ** 25;

/** A network of which some initializers change. */
export interface OpenModel {
  /** With their first values. */
  readonly model: Model;
  /** What its runs carry: which output is which input of the next run. */
  readonly carry: Readonly<Record<string, string>>;
  /** The initializers that change. */
  readonly parameters: readonly string[];
}

/** A compiled network for a while. */
export interface Lent {
  readonly program: Program;
  giveBack(): Promise<void>;
}

/**
 * A network whose parameters change between runs.
 *
 * They are inputs of its graph, or constants of a graph that is compiled anew when they have changed: the runtime lays
 * constants out as its kernels like them, and folds what reads nothing else, so that a convolutional network takes half
 * the time. Sizes alone decide which, so that the same numbers come out each time.
 */
export class OpenNetwork {
  readonly #engine: Engine;
  readonly #open: OpenModel;
  readonly #macs: number;
  /** What compiling costs, as so many multiplications. */
  readonly #cost: number;
  readonly #values: Map<string, NumericTensor>;
  /** With constants where nothing changes, else with parameters that are fed. */
  #kept: Program | undefined;

  private constructor(engine: Engine, open: OpenModel, macs: number, cost: number) {
    this.#engine = engine;
    this.#open = open;
    this.#macs = macs;
    this.#cost = cost;
    this.#values = new Map(open.parameters.map((name) => [name, parameterOf(open.model, name)]));
  }

  /** @param annotated the network before anything was added to it: its sizes */
  static async create(engine: Engine, annotated: TypedModel, open: OpenModel): Promise<OpenNetwork> {
    const { macs, cost } = open.parameters.length > 0 ? sizesOf(annotated) : { macs: 0, cost: 0 };
    const network = new OpenNetwork(engine, open, macs, cost);
    // What the runtime refuses is known at once.
    await network.lend(0);
    return network;
  }

  get #isFixed(): boolean {
    return this.#open.parameters.length === 0;
  }

  /** Replaces parameters. */
  load(parameters: Parameters): void {
    for (const [name, tensor] of parameters) {
      const { dtype, dims } = this.#values.get(name) ?? {};
      if (dtype !== tensor.dtype || dims?.join() !== tensor.dims.join()) {
        const is = dims ? `is ${dtype}[${dims}], not ${tensor.dtype}[${tensor.dims}]` : "cannot be replaced";
        throw new UserError(`The parameter "${name}" ${is}: load the network's own.`);
      }
      this.#kept?.load(name, tensor);
      if (Number.isFinite(this.#cost)) this.#values.set(name, { ...tensor, data: tensor.data.slice() });
    }
  }

  /** The network as it is now, ready to be run on so many samples. */
  async lend(samples: number): Promise<Lent> {
    const pays = samples * this.#macs >= this.#cost;
    if (pays && !this.#isFixed) {
      // Memory is wanted for other things than constants that are others next time.
      const program = await this.#compileConstant();
      return { program, giveBack: () => program.release() };
    }
    this.#kept ??= await (this.#isFixed ? this.#compileConstant() : this.#compileFed());
    return { program: this.#kept, giveBack: async () => {} };
  }

  async #compileFed(): Promise<Program> {
    const { model, carry, parameters } = this.#open;
    const fed = copyModel(model);
    fed.inputs = model.inputs.filter(({ name }) => !parameters.includes(name));
    for (const [name, { dtype, dims }] of this.#values) {
      fed.initializers.delete(name);
      fed.inputs.push({ name, dtype, shape: dims });
    }
    const program = await this.#engine.compile(fed, { resident: parameters, carry });
    for (const [name, tensor] of this.#values) program.load(name, tensor);
    return program;
  }

  #compileConstant(): Promise<Program> {
    const { model, carry } = this.#open;
    return this.#engine.compile(
      { ...model, initializers: new Map([...model.initializers, ...this.#values]) },
      { carry },
    );
  }

  /** Frees what the compiled graph holds. */
  async release(): Promise<void> {
    await this.#kept?.release();
  }
}

/** The multiplications of a sample, and how many others take as long as compiling. */
function sizesOf(annotated: TypedModel): { readonly macs: number; readonly cost: number } {
  const [{ shape }] = fedInputs(annotated);
  const macs = macsOf(annotated, layersOf(annotated)).reduce((sum, own) => sum + own, 0) / shape[0];
  const weights = [...annotated.initializers.values()].reduce((sum, { dims }) => sum + sizeOf(dims), 0);
  const values = [...annotated.values.values()].reduce((sum, value) => sum + sizeOf(value.shape), 0);
  const cost = MACS_PER_WEIGHT * weights + MACS_PER_NODE * annotated.nodes.length + MACS_PER_VALUE * values;
  return { macs, cost: weights > MOST_NUMBERS ? Number.POSITIVE_INFINITY : cost };
}

function parameterOf(model: Model, name: string): NumericTensor {
  const tensor = model.initializers.get(name);
  if (tensor && tensor.dtype !== "string") return tensor;
  throw new UserError(`The network has no parameter "${name}": check its name.`);
}
