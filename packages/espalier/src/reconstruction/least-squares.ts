import type { Engine, Program } from "../engine/engine.ts";
import { GraphBuilder } from "../onnx/builder.ts";
import { emptyModel } from "../onnx/graph.ts";
import { float32, floatsOf } from "../onnx/tensor.ts";
import type { Moments } from "./moments.ts";

/** Matrices of one shape, [groups, rows, columns], as which weights are fitted. */
export interface Shape {
  readonly groups: number;
  readonly rows: number;
  readonly columns: number;
}

/** The part of the mean square of a layer's inputs that is added to each: what the samples do not show stays as it was. */
const RIDGE = 0.01;

/**
 * Least squares on the connections that are left: the weights W whose outputs in the pruned network are nearest to those
 * of the whole network's weights V on the whole network's inputs,
 *
 *     min E|V y - W x|^2 + r |V - W|^2, W zero where the mask is: W (E[x x'] + r) = V (E[y x'] + r) on the mask,
 *
 * as in layer-wise pruning (Dong et al., arXiv 1705.07565; Frantar and Alistarh, arXiv 2208.11580), for all rows at
 * once by conjugate gradients, preconditioned by the diagonal.
 */
export class LeastSquares {
  /** E[x x'] + r, of each group, [groups, columns, columns]; in memory that workers share, where there is any. */
  readonly second: Float32Array;
  /** Its diagonal, [groups, columns]. */
  readonly diagonal: Float32Array;
  /** What the whole network's weights come to on the inputs of the pruned one, E|V x|^2: the scale of errors. */
  readonly energy: number;
  /** V (E[y x'] + r): what W (E[x x'] + r) is to be on the mask. */
  readonly target: Float32Array;
  readonly #shape: Shape;
  readonly #program: Program;

  private constructor(
    shape: Shape,
    program: Program,
    second: Float32Array,
    target: { readonly products: Float32Array; readonly energy: number },
  ) {
    const { groups, columns } = shape;
    this.#shape = shape;
    this.#program = program;
    this.second = second;
    this.diagonal = Float32Array.from({ length: groups * columns }, (_, i) => second[i * columns + (i % columns)]);
    this.target = target.products;
    this.energy = target.energy;
  }

  /** @param whole the whole network's weights */
  static async create(engine: Engine, shape: Shape, moments: Moments, whole: Float32Array): Promise<LeastSquares> {
    const { groups, columns } = shape;
    const ridge = RIDGE * meanDiagonal(moments.second, groups, columns);
    const second = plusDiagonal(moments.second, ridge, shape, shareable(moments.second.length));
    const program = await compileProduct(engine, shape, second);
    const image = await product(program, shape, whole);
    const energy = dot(whole, image);
    // Where the networks are the same so far, the weights are what fits them best.
    if (moments.cross === moments.second) return new LeastSquares(shape, program, second, { products: image, energy });
    const onto = await compileProduct(engine, shape, plusDiagonal(moments.cross, ridge, shape));
    try {
      return new LeastSquares(shape, program, second, { products: await product(onto, shape, whole), energy });
    } finally {
      await onto.release();
    }
  }

  /**
   * Fits the weights that a mask keeps.
   * @param start where to begin; zero where the mask is
   */
  async fit(mask: Uint8Array, start: Float32Array, iterations: number): Promise<Float32Array> {
    const { groups, rows, columns } = this.#shape;
    const weights = start.slice();
    const residual = await this.#residual(weights, mask);
    const direction = new Float32Array(weights.length);
    const scaled = this.#precondition(residual);
    direction.set(scaled);
    let norms = rowDots(residual, scaled, columns);
    const first = sum(norms);
    for (let i = 0; i < iterations && sum(norms) > TOLERANCE * first; i++) {
      const image = await product(this.#program, this.#shape, direction);
      const curvatures = rowDots(direction, image, columns);
      for (let row = 0; row < groups * rows; row++) {
        const step = curvatures[row] > 0 ? norms[row] / curvatures[row] : 0;
        for (let j = row * columns; j < (row + 1) * columns; j++) {
          weights[j] += step * direction[j];
          residual[j] = mask[j] === 0 ? 0 : residual[j] - step * image[j];
        }
      }
      const next = this.#precondition(residual);
      const renewed = rowDots(residual, next, columns);
      for (let row = 0; row < groups * rows; row++) {
        const part = norms[row] > 0 ? renewed[row] / norms[row] : 0;
        for (let j = row * columns; j < (row + 1) * columns; j++) direction[j] = next[j] + part * direction[j];
      }
      norms = renewed;
    }
    return weights;
  }

  /** Floating-point operations that a fit takes. */
  operations(iterations: number): number {
    const { groups, rows, columns } = this.#shape;
    return 2 * groups * rows * columns ** 2 * (iterations + 1);
  }

  /**
   * How far outputs of other weights are from what is to be reached, as a part of its energy; exact where the pruned
   * network's inputs are the whole network's.
   */
  async error(weights: Float32Array, whole: Float32Array): Promise<number> {
    const difference = weights.map((w, i) => w - whole[i]);
    return dot(difference, await product(this.#program, this.#shape, difference)) / (this.energy || 1);
  }

  async release(): Promise<void> {
    await this.#program.release();
  }

  async #residual(weights: Float32Array, mask: Uint8Array): Promise<Float32Array> {
    const image = await product(this.#program, this.#shape, weights);
    return image.map((value, i) => (mask[i] === 0 ? 0 : this.target[i] - value));
  }

  #precondition(residual: Float32Array): Float32Array {
    const { rows, columns } = this.#shape;
    const perGroup = rows * columns;
    return residual.map((r, i) => r / this.diagonal[Math.floor(i / perGroup) * columns + (i % columns)]);
  }
}

/** Of the first residual's square, at which a fit is as good as 32-bit products allow. */
const TOLERANCE = 1e-8;

function meanDiagonal(moments: Float32Array, groups: number, columns: number): number {
  let total = 0;
  for (let i = 0; i < groups * columns; i++) total += moments[i * columns + (i % columns)];
  return total / (groups * columns);
}

function plusDiagonal(
  moments: Float32Array,
  ridge: number,
  { groups, columns }: Shape,
  into: Float32Array = new Float32Array(moments.length),
): Float32Array {
  into.set(moments);
  for (let i = 0; i < groups * columns; i++) into[i * columns + (i % columns)] += ridge;
  return into;
}

/** Numbers that workers see without a copy, where there is such memory. */
function shareable(length: number): Float32Array {
  return typeof SharedArrayBuffer === "function"
    ? new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT))
    : new Float32Array(length);
}

const OPERAND = "matrices";
const MOMENTS = "moments";
const PRODUCT = "product";

async function compileProduct(engine: Engine, { groups, rows, columns }: Shape, moments: Float32Array) {
  const model = emptyModel("product with moments");
  const square = [groups, columns, columns];
  model.inputs.push(
    { name: OPERAND, dtype: "float32", shape: [groups, rows, columns] },
    { name: MOMENTS, dtype: "float32", shape: square },
  );
  new GraphBuilder(model).emit("MatMul", [OPERAND, MOMENTS], {}, PRODUCT);
  model.outputs.push({ name: PRODUCT });
  const program = await engine.compile(model, { resident: [MOMENTS] });
  program.load(MOMENTS, float32(square, moments));
  return program;
}

async function product(program: Program, { groups, rows, columns }: Shape, data: Float32Array): Promise<Float32Array> {
  const outputs = await program.run({ [OPERAND]: float32([groups, rows, columns], data) });
  return floatsOf(outputs[PRODUCT]);
}

function rowDots(a: Float32Array, b: Float32Array, columns: number): Float64Array {
  const dots = new Float64Array(a.length / columns);
  for (let i = 0; i < a.length; i++) dots[Math.floor(i / columns)] += a[i] * b[i];
  return dots;
}

function dot(a: Float32Array, b: Float32Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
