import type { Engine } from "../../../espalier/src/engine/engine.ts";
import { copyModel, type Model } from "../../../espalier/src/onnx/graph.ts";
import type { NumericTensor } from "../../../espalier/src/onnx/tensor.ts";
import { writeModel } from "../../../espalier/src/onnx/write.ts";
import { random } from "../../../espalier/src/random.ts";
import { UnsupportedError } from "../../src/errors.ts";
import { Network } from "../../src/network/network.ts";
import { Draft, type Made } from "./draft.ts";
import { makers } from "./makers.ts";
import { withRoundingNoise } from "./rounding-noise.ts";

/** Outputs may differ by so much of the largest. */
const TOLERANCE = 1e-5;
/** Where rounding of what is read moves the right output itself, they may differ by more of it, but never by this. */
const MOST_TOLERANCE = 1e-3;
/** How often the right output is computed with such noise. */
const NOISY_TURNS = 3;
/** Numbers above are no longer compared: their errors have grown with them. */
const LARGEST = 1e4;

/** What became of the nodes of a round: by operator, those that were computed and those that were refused. */
export interface Round {
  readonly computed: readonly string[];
  readonly refused: readonly string[];
}

/** Draws networks, and holds the runtime to what ONNX Runtime makes of them. */
export class NetworkFuzzer {
  readonly #seed: number;
  readonly #engine: Engine;

  constructor(seed: number, engine: Engine) {
    this.#seed = seed;
    this.#engine = engine;
  }

  /**
   * Draws one network node by node: each is tried alone on both runtimes, what is refused is left out again.
   * @throws Error when an output differs, or the runtime fails where ONNX Runtime does not
   */
  async round(number: number): Promise<Round> {
    const draw = random(this.#seed, "network", number);
    const draft = new Draft(draw, draw.below(15) + 7);
    const [computed, refused]: [string[], string[]] = [[], []];
    const kernels = draw.below(3) === 0 ? "plain" : "simd";
    for (let wanted = 2 + draw.below(6); wanted > 0; wanted--) {
      const before = copyModel(draft.model);
      const made = draft.of(makers)(draft);
      if (!made) continue;
      const names = this.#add(draft, made);
      const expected = await this.#expected(draft.model, names, draft.feeds);
      if (!expected || !names.every((name) => isComparable(expected[name]))) {
        this.#undo(draft, before);
        continue;
      }
      const outputs = this.#outputs(draft, names);
      const taken = await this.#taken(draft, outputs, kernels).catch((error) => {
        throw new Error(`${describe(draft, number, this.#seed)}: ${error.message}`, { cause: error });
      });
      if (!taken) {
        refused.push(made.op);
        this.#undo(draft, before);
        continue;
      }
      const right = await this.#expected(draft.model, outputs, draft.feeds);
      for (const name of outputs) {
        const reason = right && (await this.#difference(draft, name, taken[name], right[name]));
        if (reason) throw new Error(`${describe(draft, number, this.#seed)}: ${name} ${reason}.`);
      }
      computed.push(made.op);
      const exact = made.exact === true && made.inputs.every((input) => !input || input.exact);
      for (const name of names) {
        const whole = expected[name].dtype !== "float32" && expected[name].dtype !== "float64";
        draft.known.push({ name, tensor: expected[name], exact: exact || whole });
      }
      for (const input of made.inputs) {
        if (input && isComparable(input.tensor) && !draft.known.includes(input)) draft.known.unshift(input);
      }
    }
    return { computed, refused };
  }

  /** How an output differs from what is right by more than rounding brings about; undefined where it does not. */
  async #difference(draft: Draft, name: string, found: Found, right: NumericTensor): Promise<string | undefined> {
    const reason = difference(found, right);
    if (!reason || right.dtype !== "float32") return reason;
    let allowed = 0;
    for (let turn = 0; turn < NOISY_TURNS; turn++) {
      const noisy = withRoundingNoise(draft.model, draft.known, random(this.#seed, "noise", turn));
      const other = (await this.#expected(noisy, [name], draft.feeds))?.[name];
      if (other?.data.length !== right.data.length) return reason;
      for (let i = 0; i < other.data.length; i++) {
        allowed = Math.max(allowed, 4 * Math.abs(Number(other.data[i]) - Number(right.data[i])));
      }
    }
    return difference(found, right, allowed);
  }

  #add(draft: Draft, { op, inputs, attributes = {}, outputs = 1 }: Made): string[] {
    const names = Array.from({ length: outputs }, () => draft.fresh(op));
    const given = inputs.map((input) => input?.name ?? "");
    while (given.at(-1) === "") given.pop();
    draft.model.nodes.push({ name: names[0], op, domain: "", inputs: given, outputs: names, attributes });
    return names;
  }

  #undo(draft: Draft, before: Model): void {
    draft.model.nodes = before.nodes;
    draft.model.inputs = before.inputs;
    draft.model.initializers = before.initializers;
    for (const name of Object.keys(draft.feeds)) {
      if (!before.inputs.some((input) => input.name === name)) delete draft.feeds[name];
    }
  }

  /** What nothing reads, and some of the rest. */
  #outputs(draft: Draft, last: readonly string[]): string[] {
    const read = new Set(draft.model.nodes.flatMap(({ inputs }) => inputs));
    const made = draft.known.map(({ name }) => name).filter((name) => !read.has(name) || draft.chance(0.2));
    return [...new Set([...made, ...last])].filter((name) => draft.model.nodes.some((n) => n.outputs.includes(name)));
  }

  /** Undefined where ONNX Runtime does not take the model. */
  async #expected(model: Model, outputs: readonly string[], feeds: Record<string, NumericTensor>) {
    try {
      const program = await this.#engine.compile(withOutputs(model, outputs));
      const found = await program.run(feeds);
      await program.release();
      return found;
    } catch {
      return undefined;
    }
  }

  /** Runs it twice, as what a run leaves behind must not matter. Undefined where it is refused. */
  async #taken(draft: Draft, outputs: readonly string[], kernels: "simd" | "plain") {
    try {
      const network = await Network.load(writeModel(withOutputs(draft.model, outputs)), { kernels });
      network.run(draft.feeds);
      return network.run(draft.feeds);
    } catch (error) {
      if (error instanceof UnsupportedError) return undefined;
      throw error;
    }
  }
}

function withOutputs(model: Model, outputs: readonly string[]): Model {
  const copy = copyModel(model);
  copy.outputs = outputs.map((name) => ({ name }));
  return copy;
}

/** False for what is empty too, in which ONNX Runtime forgets Gemm's beta. */
function isComparable({ data }: NumericTensor): boolean {
  return (
    data.length > 0 && Array.from<number | bigint, number>(data, Number).every((value) => Math.abs(value) <= LARGEST)
  );
}

interface Found {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/**
 * How an output differs from what is right; undefined where it does not.
 * @param allowed what floats may differ by where that is more than their own size says
 */
function difference(found: Found, right: NumericTensor, allowed = 0): string | undefined {
  if (found.type !== right.dtype) return `is ${found.type} for ${right.dtype}`;
  if (found.dims.join() !== right.dims.join()) return `is [${found.dims}] for [${right.dims}]`;
  const numbers = Array.from<number | bigint, number>(right.data, Number);
  const most = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const size = Math.max(most, 1e-2);
  const exact = right.dtype !== "float32" && right.dtype !== "float64";
  const tolerance = exact ? 0 : Math.max(TOLERANCE * size, Math.min(allowed, MOST_TOLERANCE * size));
  const at = numbers.findIndex((value, i) => !(Math.abs(value - Number(found.data[i])) <= tolerance));
  return at < 0 ? undefined : `is ${found.data[at]} for ${numbers[at]} at ${at} of [${right.dims}]`;
}

/** The graph, as a message can have it. */
function describe({ model, set }: Draft, round: number, seed: number): string {
  const nodes = model.nodes.map(
    ({ op, inputs, outputs, attributes }) =>
      `${outputs} = ${op}(${inputs}) ${JSON.stringify(Object.fromEntries(Object.entries(attributes).map(([name, { value }]) => [name, value])))}`,
  );
  return `Seed ${seed}, round ${round}, operator set ${set}:\n${nodes.join("\n")}\n`;
}
