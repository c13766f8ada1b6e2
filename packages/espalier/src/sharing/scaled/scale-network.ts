import type { NumericType } from "../../onnx/dtype.ts";
import { type FloatTensor, isFloat32 } from "../../onnx/tensor.ts";
import { type OnWork, turn } from "../../work.ts";
import { type Chain, chainOf } from "./chain.ts";
import { cutOperations } from "./cut.ts";
import type { Looked } from "./looks.ts";
import { orSettled, type Rounded, type Scaling } from "./rounded.ts";
import { scaledLayer } from "./scale-layer.ts";
import { scaledPlain } from "./scale-plain.ts";
import type { Statistics } from "./statistics.ts";

export interface ScaleOptions {
  /**
   * Connections are cut, and the others fitted, before any is rounded: those that cost less than so many times what
   * their bits may cost; default: 0, none.
   */
  readonly cut?: number;
  readonly signal?: AbortSignal;
  readonly onWork?: OnWork;
}

/** Rounds a network's weights to whole numbers times scales, at any price of a bit. */
export class Scaler {
  readonly #statistics: Statistics;
  readonly #typeOf: (name: string) => NumericType;
  readonly #weights: number;
  /** Layers whose connections may be cut. */
  readonly #cuttable: ReadonlySet<string>;
  readonly #chains = new Map<string, readonly (readonly Chain[])[]>();

  /** @param typeOf the type in which a parameter is written; default float32 */
  constructor(statistics: Statistics, typeOf: (name: string) => NumericType = () => "float32") {
    this.#statistics = statistics;
    this.#typeOf = typeOf;
    this.#cuttable = cuttable([...statistics.layers.values()]);
    this.#weights = [...tensorsOf(statistics).values()].reduce((sum, { data }) => sum + data.length, 0);
  }

  /** The parameters that are rounded. */
  get names(): string[] {
    return [...tensorsOf(this.#statistics).keys()];
  }

  /**
   * Rounds all weights, each layer's for itself: where an error costs the outputs least, and as coarsely in each layer,
   * row and column as a bit is worth the same everywhere.
   * @param lambda what one bit more for every weight may cost in squared distance of the outputs, embedded
   * @throws the signal's reason
   */
  async scale(lambda: number, { cut = 0, signal, onWork }: ScaleOptions = {}): Promise<Scaling> {
    const price = lambda / this.#weights;
    const found = new Map<string, Rounded>();
    const { layers } = this.#statistics;
    for (const [at, looked] of [...layers.values()].entries()) {
      await turn();
      signal?.throwIfAborted();
      onWork?.("Rounding layers", at, layers.size);
      const { weight } = looked.layer;
      const options = { price, cut: this.#cuttable.has(weight) ? cut : 0, dtype: this.#typeOf(weight) };
      for (const [name, tensor] of scaledLayer(this.#statistics, looked, this.#chainsOf(looked), options))
        found.set(name, tensor);
    }
    for (const plain of this.#statistics.others.values()) {
      const tensor = this.#statistics.typed.initializers.get(plain.name);
      if (!isFloat32(tensor)) continue;
      const dtype = this.#typeOf(plain.name);
      found.set(plain.name, orSettled(tensor, scaledPlain(tensor, plain, price, dtype), dtype));
    }
    return found;
  }

  #chainsOf(looked: Looked): readonly (readonly Chain[])[] {
    const known = this.#chains.get(looked.layer.weight) ?? chainsOf(looked);
    this.#chains.set(looked.layer.weight, known);
    return known;
  }
}

/** The chains of a layer: for each block of columns those of its groups. */
export function chainsOf({ linear, blocks }: Looked): Chain[][] {
  return blocks.map(({ start, end, second }) => {
    const size = end - start;
    const free = end > linear.columns ? 1 : 0;
    return Array.from({ length: linear.groups }, (_, g) =>
      chainOf(second.subarray(g * size * size, (g + 1) * size * size), size, free),
    );
  });
}

/** Floating-point operations that cutting a network may take each time: some seconds. */
const MOST_OPERATIONS = 1e10;

/** The layers that are cut in that time, those that take least first. */
function cuttable(layers: readonly Looked[]): Set<string> {
  const found = new Set<string>();
  let left = MOST_OPERATIONS;
  for (const { weight, operations } of layers
    .map(({ layer, linear: { groups, rows }, blocks }) => ({
      weight: layer.weight,
      operations: blocks.reduce((sum, { start, end }) => sum + groups * cutOperations(rows, end - start), 0),
    }))
    .toSorted((a, b) => a.operations - b.operations)) {
    left -= operations;
    if (left >= 0) found.add(weight);
  }
  return found;
}

function tensorsOf({ typed, layers, others }: Statistics): Map<string, FloatTensor> {
  const names = [
    ...Array.from(layers.values(), ({ layer, linear }) => [layer.weight, linear.bias ?? ""]).flat(),
    ...others.keys(),
  ];
  return new Map(
    names.flatMap((name) => {
      const tensor = typed.initializers.get(name);
      return isFloat32(tensor) ? [[name, tensor]] : [];
    }),
  );
}
