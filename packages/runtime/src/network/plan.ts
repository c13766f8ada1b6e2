import type { Machine } from "../kernels/machine.ts";
import type { Attribute, GraphNode, NetworkGraph } from "./graph.ts";
import { Matrix } from "./matrix.ts";
import { Pool } from "./memory.ts";
import { type Operator, type PlanContext, type Step, sizeOf, type Value, type Wholes } from "./operator.ts";
import { UnsupportedError } from "./unsupported.ts";

/** A network made ready for inputs of given shapes. */
export interface Plan {
  readonly inputs: ReadonlyMap<string, Value>;
  readonly outputs: ReadonlyMap<string, Value>;
  readonly steps: readonly Step[];
  /** Bytes of the float32 constants that are read as they are. */
  readonly constantBytes: number;
  release(): void;
}

/** What nodes keep from plan to plan: their weights in memory. */
export interface Kept {
  readonly nodes: Map<GraphNode, unknown>;
  readonly matrices: Matrix[];
}

/** Plans a network. */
export function planOf(
  machine: Machine,
  { nodes, constants, inputs, outputs }: NetworkGraph,
  shapes: Readonly<Record<string, readonly number[]>>,
  operators: ReadonlyMap<string, Operator>,
  kept: Kept,
): Plan {
  const { heap } = machine;
  const values = new Map<string, Value | Wholes>();
  const uses = lastUses(nodes, outputs);
  const owned = new Map<string, number>();
  const tables: number[] = [];
  const pool = new Pool(heap);
  let constantBytes = 0;
  const readers = new Map<string, GraphNode[]>();
  for (const node of nodes) for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);

  for (const name of inputs) {
    const dims = shapes[name];
    if (!dims) throw new Error(`The network's input "${name}" is missing: it takes ${inputs.join(", ")}.`);
    const at = pool.take(4 * sizeOf(dims));
    values.set(name, { dims, at });
    owned.set(name, at);
  }

  const steps: Step[] = [];
  const fused = new Set<GraphNode>();
  try {
    for (const [i, node] of nodes.entries()) planNode(i, node);
  } catch (error) {
    release();
    throw error;
  }
  const results = outputs.map((name): [string, Value] => {
    const value = values.get(name);
    if (!value || "wholes" in value) throw new UnsupportedError(`The output "${name}" holds no float32 numbers.`);
    return [name, value];
  });
  return {
    inputs: new Map(inputs.map((name) => [name, values.get(name) as Value])),
    outputs: new Map(results),
    steps,
    constantBytes,
    release,
  };

  function planNode(i: number, node: GraphNode): void {
    if (fused.has(node)) {
      values.set(node.outputs[0], values.get(node.inputs[0]) ?? missing(node, node.inputs[0]));
      pass(node.inputs[0], node.outputs[0]);
      dropRead(i, node);
      return;
    }
    const operator = operators.get(node.op);
    if (!operator) {
      throw new UnsupportedError(
        `The runtime has no operator ${node.op} (node "${node.name || node.outputs[0]}"): run the network with ONNX Runtime.`,
      );
    }
    const [reader, ...others] = readers.get(node.outputs[0]) ?? [];
    const rectifier = FUSING.has(node.op) && reader?.op === "Relu" && others.length === 0 ? reader : undefined;
    if (rectifier && !outputs.includes(node.outputs[0])) fused.add(rectifier);
    const scratch: number[] = [];
    const step = operator(contextOf(node, scratch, rectifier !== undefined && fused.has(rectifier)));
    if (step) steps.push(step);
    for (const at of scratch) pool.giveBack(at);
    dropRead(i, node);
  }

  function release(): void {
    pool.release();
    for (const at of tables) heap.release(at);
  }

  /** Values that share memory share the address's count of owners. */
  function pass(from: string, to: string): void {
    const owner = owned.get(from);
    if (owner !== undefined) owned.set(to, owner);
  }

  /** Gives back what a node reads or makes and none behind it reads. */
  function dropRead(i: number, { inputs, outputs }: GraphNode): void {
    for (const name of new Set([...inputs, ...outputs])) if ((uses.get(name) ?? -1) <= i) drop(name);
  }

  function drop(name: string): void {
    const at = owned.get(name);
    owned.delete(name);
    if (at !== undefined && ![...owned.values()].includes(at)) pool.giveBack(at);
  }

  function contextOf(node: GraphNode, scratch: number[], rectified: boolean): PlanContext {
    const find = (input: number) => {
      const name = node.inputs[input];
      const value = values.get(name);
      if (value) return value;
      const constant = constants.get(name);
      if (constant?.data instanceof Float32Array) {
        const at = heap.allocate(4 * constant.data.length, "weights");
        constantBytes += 4 * constant.data.length;
        heap.floats(at, constant.data.length).set(constant.data);
        tables.push(at);
        const placed = { dims: constant.dims, at };
        values.set(name, placed);
        return placed;
      }
      return constant ? { dims: constant.dims, wholes: constant.data } : missing(node, name);
    };
    return {
      machine,
      node,
      floor: rectified ? 0 : Number.NEGATIVE_INFINITY,
      value: (input) => {
        const value = find(input);
        if ("wholes" in value) throw new UnsupportedError(`${node.op} is not run on whole numbers here.`);
        return value;
      },
      wholes: (input) => {
        if (!node.inputs[input]) return undefined;
        const value = find(input);
        if ("wholes" in value) return value.wholes;
        throw new UnsupportedError(`${node.op} needs its input "${node.inputs[input]}" to be known whole numbers.`);
      },
      constant: (input) => (node.inputs[input] ? constants.get(node.inputs[input]) : undefined),
      attribute: ((name: string, absent: Attribute) => node.attributes[name] ?? absent) as PlanContext["attribute"],
      output: (dims, { index = 0, rectified: zeros = rectified } = {}) => {
        const at = pool.take(4 * sizeOf(dims));
        const value = { dims, at, rectified: zeros };
        values.set(node.outputs[index], value);
        owned.set(node.outputs[index], at);
        return value;
      },
      alias: (dims, input = 0) => {
        const value = find(input);
        values.set(node.outputs[0], { ...value, dims });
        pass(node.inputs[input], node.outputs[0]);
      },
      known: (dims, wholes) => values.set(node.outputs[0], { dims, wholes }),
      scratch: (count) => {
        const at = pool.take(4 * count);
        scratch.push(at);
        return at;
      },
      kept: <T>(make: () => T) => {
        if (!kept.nodes.has(node)) {
          kept.nodes.set(node, make());
          for (const name of node.inputs)
            if (readers.get(name)?.every((reader) => kept.nodes.has(reader))) constants.delete(name);
        }
        return kept.nodes.get(node) as T;
      },
      matrix: (rows, columns, elements, bias) => {
        const matrix = new Matrix(machine, rows, columns, elements, bias);
        kept.matrices.push(matrix);
        return matrix;
      },
      table: (numbers) => {
        const at = heap.allocate(4 * numbers.length);
        heap.int32s(at, numbers.length).set(numbers);
        tables.push(at);
        return at;
      },
    };
  }
}

/** Operators that can do what a Relu behind them does. */
const FUSING = new Set(["Conv", "Gemm", "MatMul"]);

function missing(node: GraphNode, name: string): never {
  throw new Error(`Node "${node.name || node.outputs[0]}" (${node.op}) reads "${name}", which nothing makes.`);
}

/** The number of the last node that reads each value; outputs are read at the end. */
function lastUses(nodes: readonly GraphNode[], outputs: readonly string[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const [i, { inputs }] of nodes.entries()) for (const input of inputs) uses.set(input, i);
  for (const name of outputs) uses.set(name, nodes.length);
  return uses;
}
