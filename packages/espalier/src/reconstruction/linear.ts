import { lookup } from "../onnx/graph.ts";
import { type FloatTensor, float32, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { facetsOf } from "../operators/catalogue.ts";
import { has, type Matrices } from "../operators/facets.ts";
import type { Layer } from "../operators/layers.ts";
import { readsThroughViews } from "../operators/roles.ts";
import { placesThroughViews, viewOf } from "../operators/views.ts";

/** A layer as products of matrices, one for each group: its weights [rows, columns] with what its rows look at. */
export interface LinearLayer extends Matrices {
  readonly layer: Layer;
  /** The initializer that is added to its outputs, one number for each row of each group. */
  readonly bias?: string;
}

/** No layer is solved for that has more columns: their second moments would take over half a gigabyte. */
const MOST_COLUMNS = 12_000;

/**
 * Reads a layer as matrices by what the catalogue says of its operator. Undefined for those that are none, or too wide.
 * Of weights that several nodes share, the first is looked at.
 * @param annotated the layer's network
 */
export function linearLayer(annotated: TypedModel, layer: Layer): LinearLayer | undefined {
  const { node, operand, tensor, weight, uses } = layer;
  const fit = facetsOf(node)?.fit;
  if (!fit || !has(fit) || uses.some(({ op }) => op !== node.op)) return undefined;
  const known = lookup(annotated);
  const shape = (value: string) => known.type(value).dims;
  if (known.type(node.outputs.find((output) => output !== "") ?? "").dtype !== "float32") return undefined;
  // The parts of recurrent weights are read as they are.
  const read = viewOf(annotated)(node.inputs[operand]) === weight ? node.inputs[operand] : weight;
  const found = fit({ node, operand, dims: read === weight ? tensor.dims : shape(read), shape });
  if (!found || found.columns > MOST_COLUMNS || sizeOf(tensor.dims) === 0) return undefined;
  return { layer, bias: ownBias(annotated, layer), ...inItsOrder(annotated, read, layer, found) };
}

/** The layer's bias, unless others read it too. */
function ownBias(annotated: TypedModel, { bias }: Layer): string | undefined {
  return bias && readsThroughViews(annotated).get(bias)?.length === 1 ? bias : undefined;
}

/** Matrices of weights that a node reads through a view, from and to the order of their initializer. */
function inItsOrder(annotated: TypedModel, read: string, { weight, tensor }: Layer, matrices: Matrices): Matrices {
  if (read === weight) return matrices;
  const places = placesThroughViews(annotated, read, weight);
  const { length } = tensor.data;
  return {
    ...matrices,
    matrices: ({ data }) =>
      matrices.matrices(
        float32(
          [length],
          Float32Array.from(places, (place) => data[place]),
        ),
      ),
    weights(given): FloatTensor {
      const seen = matrices.weights(given).data;
      const data = new Float32Array(length);
      for (const [i, place] of places.entries()) data[place] = seen[i];
      return float32(tensor.dims, data);
    },
  };
}
