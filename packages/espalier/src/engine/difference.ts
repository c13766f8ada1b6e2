import { type Model, producers } from "../onnx/graph.ts";
import { toFloat32 } from "../onnx/half.ts";
import type { NumericTensor } from "../onnx/tensor.ts";
import type { Engine, Program, Tensors } from "./engine.ts";
import { inputsFor, type RandomInputs } from "./random-inputs.ts";

/** How far one output of two models is apart. */
export interface OutputDifference {
  readonly name: string;
  /** The largest difference of an element, relative to the largest element, or to 1 behind a Sigmoid; infinite where shapes differ. */
  readonly difference: number;
}

/** How far two models with the same inputs and outputs are apart. */
export interface Difference {
  readonly outputs: readonly OutputDifference[];
  /** The shapes of the inputs that both were run on. */
  readonly shapes: RandomInputs["shapes"];
}

const TURNS = 4;

/**
 * Runs a model and what was made of it on the same random inputs.
 * @param second may declare sizes that the first leaves open
 * @param fixed what is fed to inputs of the first that the second has no more
 * @returns undefined where the first runs on none that are tried: see {@link inputsFor}
 */
export async function differenceOf(
  engine: Engine,
  first: Model,
  second: Model,
  seed: number,
  fixed: Tensors = {},
): Promise<Difference | undefined> {
  const program = await engine.compile(first);
  try {
    const inputs = await inputsFor(second, (feeds) => outputsOf(program, { ...fixed, ...feeds }), seed);
    if (!inputs) return undefined;
    const other = await engine.compile(second);
    const found = new Map(
      first.outputs.map(({ name }) => [name, { largest: saturates(first, name) ? 1 : 0, apart: 0 }]),
    );
    try {
      for (let turn = 0; turn < TURNS; turn++) {
        const feeds = inputs.draw(turn);
        const expected = await outputsOf(program, { ...fixed, ...feeds });
        if (!expected) continue;
        const given = await outputsOf(other, feeds);
        for (const [name, most] of found) {
          const { largest, apart } = given ? compared(expected[name], given[name]) : NONE;
          found.set(name, { largest: Math.max(most.largest, largest), apart: Math.max(most.apart, apart) });
        }
      }
    } finally {
      await other.release();
    }
    const outputs = Array.from(found, ([name, { largest, apart }]) => ({
      name,
      difference: apart === 0 ? 0 : apart / largest,
    }));
    return { outputs, shapes: inputs.shapes };
  } finally {
    await program.release();
  }
}

/** What a model gives; undefined where it does not run. */
export async function outputsOf(program: Program, feeds: Tensors): Promise<Tensors | undefined> {
  try {
    return await program.run(feeds);
  } catch {
    return undefined;
  }
}

/** The largest number, and the largest difference. */
interface Extent {
  readonly largest: number;
  readonly apart: number;
}

const NONE: Extent = { largest: 0, apart: Number.POSITIVE_INFINITY };

/** What is not a number must be none in both. */
function compared(first: NumericTensor, second: NumericTensor): Extent {
  if (first.dtype !== second.dtype || first.dims.join() !== second.dims.join()) return NONE;
  const [a, b] = [first, second].map((tensor) =>
    Array.from<number | bigint, number>(toFloat32(tensor)?.data ?? tensor.data, Number),
  );
  let [largest, apart] = [0, 0];
  for (const [i, x] of a.entries()) {
    if (Number.isFinite(x)) largest = Math.max(largest, Math.abs(x));
    if (Object.is(x, b[i]) || x === b[i]) continue;
    if (!Number.isFinite(x) || !Number.isFinite(b[i])) return NONE;
    apart = Math.max(apart, Math.abs(x - b[i]));
  }
  return { largest, apart };
}

/** Returns true for an output that is rounded as a part of 1, however small it is. */
function saturates(model: Model, output: string): boolean {
  const makers = producers(model);
  let maker = makers.get(output);
  while (maker && /^(Identity|Reshape|Flatten|Squeeze|Unsqueeze|Transpose)$/.test(maker.op))
    maker = makers.get(maker.inputs[0]);
  return maker?.domain === "" && /^(Sigmoid|HardSigmoid|Tanh)$/.test(maker.op);
}
