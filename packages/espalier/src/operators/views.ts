import { attribute } from "../onnx/attributes.ts";
import { lookup, type Model, type Node, producers } from "../onnx/graph.ts";
import { integers, sizeOf } from "../onnx/tensor.ts";
import type { TypedModel } from "../onnx/typed.ts";
import { placesOf } from "./permute.ts";

/** Operators whose result has the elements of their first input and no others. */
const VIEWS = new Set(["Identity", "Transpose", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Cast"]);

/** Returns true if a node only looks at its input another way. */
export function isView({ op, domain }: Node): boolean {
  return domain === "" && VIEWS.has(op);
}

/** Follows a value back through operators that only look at it another way: Transpose, Reshape, Identity, Cast, ... */
export function viewOf(model: Model): (value: string) => string {
  const makers = producers(model);
  return (value) => {
    let source = value;
    for (let maker = makers.get(source); maker && isView(maker); maker = makers.get(source)) [source] = maker.inputs;
    return source;
  };
}

/**
 * Finds the shape of an initializer, or of a view of one, in a model whose shapes need not be known.
 * @returns undefined for other values, and for views whose target is computed
 */
export function constantShapes(model: Model): (value: string) => readonly number[] | undefined {
  const makers = producers(model);
  const known = lookup(model);
  return shapeOf;

  function shapeOf(value: string): readonly number[] | undefined {
    const tensor = model.initializers.get(value);
    if (tensor) return tensor.dims;
    const maker = makers.get(value);
    const dims = maker && isView(maker) ? shapeOf(maker.inputs[0]) : undefined;
    return maker && dims && seen(maker, dims);
  }

  function seen(node: Node, dims: readonly number[]): readonly number[] | undefined {
    const given = node.inputs[1] ? known.constant(node.inputs[1]) : undefined;
    const target = given && integers(given);
    switch (node.op) {
      case "Transpose": {
        const perm = attribute(node, "ints", "perm", [...dims.keys()].reverse());
        return perm.map((axis) => dims[axis]);
      }
      case "Flatten": {
        const axis = attribute(node, "int", "axis", 1);
        return [sizeOf(dims.slice(0, axis)), sizeOf(dims.slice(axis))];
      }
      case "Reshape": {
        const sizes = target?.map((size, axis) => (size === 0 ? dims[axis] : size));
        const rest = sizeOf(dims) / sizeOf(sizes?.filter((size) => size !== -1) ?? []);
        return sizes?.map((size) => (size === -1 ? rest : size));
      }
      case "Squeeze":
      case "Unsqueeze": {
        const axes = target ?? attribute(node, "ints", "axes", undefined);
        return node.op === "Squeeze" ? squeezed(dims, axes) : axes && unsqueezed(dims, axes);
      }
      default:
        return dims;
    }
  }
}

function squeezed(dims: readonly number[], axes: readonly number[] | undefined): number[] {
  const gone = axes?.map((axis) => (axis < 0 ? axis + dims.length : axis));
  return dims.filter((size, axis) => (gone ? !gone.includes(axis) : size !== 1));
}

function unsqueezed(dims: readonly number[], axes: readonly number[]): number[] {
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  const left = [...dims];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : (left.shift() ?? 1)));
}

/**
 * For each element of a view its place in the initializer that it is a view of.
 * @param annotated the network of both
 */
export function placesThroughViews(annotated: TypedModel, view: string, initializer: string): Uint32Array {
  const makers = producers(annotated);
  const known = lookup(annotated);
  return placesAt(view);

  function placesAt(value: string): Uint32Array {
    const { dims } = known.type(value);
    const maker = makers.get(value);
    if (value === initializer || !maker) return Uint32Array.from({ length: sizeOf(dims) }, (_, i) => i);
    const before = placesAt(maker.inputs[0]);
    if (maker.op !== "Transpose") return before;
    const from = known.type(maker.inputs[0]).dims;
    const perm = attribute(maker, "ints", "perm", [...from.keys()].reverse());
    return placesOf(from, perm).map((place) => before[place]);
  }
}
