import { UserError } from "../errors.ts";
import type { Model } from "../onnx/graph.ts";
import { isFloat32 } from "../onnx/tensor.ts";

/**
 * Says which part of a network's weights is not rounded, as no output depends on them by a gradient or they are none that
 * are learned.
 * @throws UserError where nothing is rounded
 */
export function checkRounded(
  { name, initializers }: Model,
  rounded: readonly string[],
  note: (text: string) => void,
): void {
  const own = new Set(rounded);
  const sizes = [...initializers].flatMap(([name, tensor]) =>
    isFloat32(tensor) && tensor.dims.length > 0 ? [{ name, size: tensor.data.length }] : [],
  );
  const sum = (of: typeof sizes) => of.reduce((total, { size }) => total + size, 0);
  const others = sizes.filter(({ name }) => !own.has(name)).sort((a, b) => b.size - a.size);
  const [all, left] = [sum(sizes), sum(others)];
  if (left === all) {
    throw new UserError(
      `No weight of "${name}" can be rounded, as no output depends on one that is learned: compress it without a loss.`,
    );
  }
  if (left <= UNTOLD * all) return;
  const listed = others.slice(0, 4).map((other) => other.name);
  const more = others.length > listed.length ? ` and ${others.length - listed.length} more` : "";
  note(`${((100 * left) / all).toFixed(1)}% of the weights stay as they are: ${listed.join(", ")}${more}.`);
}

/** A smaller part than this is not worth a word. */
const UNTOLD = 0.02;
