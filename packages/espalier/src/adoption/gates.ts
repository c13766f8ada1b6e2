import { int } from "../onnx/attributes.ts";
import { copyModel, type Model, type Node, removeInitializer } from "../onnx/graph.ts";
import { directionsOf, gatesOf, isRecurrent, RECURRENT_WEIGHTS } from "../onnx/recurrent.ts";
import { type FloatTensor, float32, isFloat32 } from "../onnx/tensor.ts";

/** A recurrent node's W or R [directions, gates x hidden, inputs] in parts, one for each direction and gate. */
interface Stack {
  readonly whole: FloatTensor;
  /** The names of the parts [1, hidden, inputs] in the order in which they lie in the whole. */
  readonly parts: readonly string[];
}

/** A network whose recurrent weights are apart by gate, and the way back. */
export interface GatesApart {
  readonly model: Model;
  /** The tensor that each part belongs to. */
  readonly wholeOf: ReadonlyMap<string, string>;
  /** Some parameters with the parts put together; parts that are not among them are as they were. */
  join(parameters: ReadonlyMap<string, FloatTensor>): Map<string, FloatTensor>;
  /** A network that was made of {@link model}, with its weights in whole again, of whatever sizes they are now. */
  together(model: Model): Model;
}

/**
 * Takes the weights of recurrent nodes apart by gate: gates differ in sensitivity, so each is a matrix of its own to
 * prune. Node and operator stay; Concat puts W and R together in front of it.
 * @param wanted whether to do it at all
 */
export function gatesApart(source: Model, wanted = true): GatesApart {
  const stacks = wanted ? stacksOf(source) : new Map<string, Stack>();
  const model = copyModel(source);
  const concats: Node[] = [];
  for (const [name, { whole, parts }] of stacks) {
    removeInitializer(model, name);
    for (const [i, values] of divided(whole, parts.length).entries()) model.initializers.set(parts[i], values);
    concats.push(...concatenation(name, parts, whole.dims[0]));
  }
  model.nodes = [...concats, ...source.nodes];
  return {
    model,
    wholeOf: new Map(Array.from(stacks, ([name, { parts }]) => parts.map((part) => [part, name] as const)).flat()),
    join(parameters) {
      const joined = new Map(parameters);
      for (const [name, { whole, parts }] of stacks) {
        if (!parts.some((part) => parameters.has(part))) continue;
        const before = divided(whole, parts.length);
        const values = parts.map((part, i) => parameters.get(part) ?? before[i]);
        for (const part of parts) joined.delete(part);
        joined.set(name, stacked(values, whole.dims[0]));
      }
      return joined;
    },
    together(changed) {
      const model = copyModel(changed);
      const made = new Set(concats.flatMap(({ outputs }) => outputs));
      for (const [name, { whole, parts }] of stacks) {
        const values = parts.map((part) => model.initializers.get(part)).filter(isFloat32);
        for (const part of parts) model.initializers.delete(part);
        model.initializers.set(name, stacked(values, whole.dims[0]));
      }
      model.nodes = changed.nodes.filter(({ outputs }) => !made.has(outputs[0]));
      return model;
    },
  };
}

/** The stacked weights of a network, by the name of their initializer. */
function stacksOf({ nodes, initializers }: Model): Map<string, Stack> {
  const stacks = new Map<string, Stack>();
  for (const node of nodes) {
    if (!isRecurrent(node)) continue;
    for (const input of RECURRENT_WEIGHTS) {
      const name = node.inputs[input];
      const whole = initializers.get(name);
      const labels = directionsOf(node).flatMap((direction) =>
        gatesOf(node).map((gate) => [direction, gate].filter((text) => text !== "").join(".")),
      );
      if (!isFloat32(whole) || labels.length < 2 || whole.data.length % labels.length !== 0) continue;
      stacks.set(name, { whole, parts: labels.map((text) => unused(`${name}.${text}`)) });
    }
  }
  return stacks;

  function unused(name: string): string {
    return initializers.has(name) ? unused(`${name}_`) : name;
  }
}

function divided({ dims, data }: FloatTensor, count: number): FloatTensor[] {
  const [directions, rows, columns] = dims;
  const size = data.length / count;
  const shape = [1, (directions * rows) / count, columns];
  return Array.from({ length: count }, (_, i) => float32(shape, data.slice(i * size, (i + 1) * size)));
}

/** Parts put together as {@link divided} takes them apart. */
function stacked(parts: readonly FloatTensor[], directions: number): FloatTensor {
  const [, rows, columns] = parts[0].dims;
  const whole = float32([directions, (rows * parts.length) / directions, columns]);
  for (const [i, { data }] of parts.entries()) whole.data.set(data, i * data.length);
  return whole;
}

function concatenation(output: string, parts: readonly string[], directions: number): Node[] {
  const gates = parts.length / directions;
  const byDirection = Array.from({ length: directions }, (_, d) =>
    concat(directions === 1 ? output : `${output}/${d}`, parts.slice(d * gates, (d + 1) * gates), 1),
  );
  if (directions === 1) return byDirection;
  return [
    ...byDirection,
    concat(
      output,
      byDirection.map(({ name }) => name),
      0,
    ),
  ];
}

function concat(output: string, inputs: readonly string[], axis: number): Node {
  return { name: output, op: "Concat", domain: "", inputs, outputs: [output], attributes: { axis: int(axis) } };
}
