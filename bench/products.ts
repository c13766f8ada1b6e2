import type { Engine } from "../packages/espalier/src/engine/engine.ts";
import { median } from "../packages/espalier/src/median.ts";
import { attribute } from "../packages/espalier/src/onnx/attributes.ts";
import { emptyModel, type Graph, type Model, type Node } from "../packages/espalier/src/onnx/graph.ts";
import { subgraphsOf } from "../packages/espalier/src/onnx/nested.ts";
import { float32, sizeOf } from "../packages/espalier/src/onnx/tensor.ts";
import { facetsOf } from "../packages/espalier/src/operators/catalogue.ts";
import { has } from "../packages/espalier/src/operators/facets.ts";
import { random } from "../packages/espalier/src/random.ts";
import { type KernelRun, recorded } from "./profiling.ts";

/** The shapes of all initializers, also in graphs inside. */
export function constantShapes(graph: Graph): Map<string, readonly number[]> {
  const own = Array.from(graph.initializers, ([name, { dims }]) => [name, dims] as const);
  return new Map([...own, ...graph.nodes.flatMap(subgraphsOf).flatMap((inner) => [...constantShapes(inner)])]);
}

/** A run with the shapes of all inputs: of constants that the runtime has in a form of its own its profile tells none. */
export function completed(run: KernelRun, node: Node, constants: ReadonlyMap<string, readonly number[]>): KernelRun {
  const told = [...run.inputs];
  const inputs = node.inputs.map((name) => {
    const constant = constants.get(name);
    const untold = name === "" || (constant && constant.join() !== told[0]?.join());
    return untold ? (constant ?? []) : (told.shift() ?? []);
  });
  return { ...run, inputs };
}

/** What the runtime makes of operators that it computes together with their neighbours. */
const FUSED: Readonly<Record<string, string>> = { FusedConv: "Conv", FusedGemm: "Gemm", FusedMatMul: "MatMul" };

/** Multiplications, each with an addition, in a run of a node; 0 where it is no product. */
export function macsOf(node: Node, { inputs, outputs }: KernelRun): number {
  const plain: Node = { ...node, op: FUSED[node.op] ?? node.op, domain: node.op in FUSED ? "" : node.domain };
  if (node.op === "FusedMatMul" && attribute(node, "int", "transA", 0) === 1) {
    return sizeOf(outputs[0]) * (inputs[0].at(-2) ?? 1);
  }
  const macs = facetsOf(plain)?.macs;
  if (!macs || !has(macs)) return 0;
  const shapes = new Map([
    ...node.inputs.map((name, i) => [name, inputs[i] ?? []] as const),
    ...node.outputs.map((name, i) => [name, outputs[i] ?? []] as const),
  ]);
  return macs({ node: plain, operand: 1, dims: inputs[1], shape: (value) => shapes.get(value) ?? [] });
}

/** Two products are the same for which this is: their operator, attributes and shapes. */
export function productKey({ op, domain, attributes }: Node, { inputs }: KernelRun): string {
  return JSON.stringify([op, domain, attributes, inputs]);
}

/** Runs of a product alone, and those before that are not counted. */
const RUNS = 5;
const WARM_UP = 2;

/** Milliseconds of a product that runs alone, on noise; a median. */
export async function timeAlone(engine: Engine, opsets: Model["opsets"], node: Node, run: KernelRun): Promise<number> {
  const inputs = node.inputs.map((name, i) => (name === "" ? "" : `input${i}`));
  const fed = inputs.flatMap((name, i) =>
    name === "" ? [] : [{ name, dtype: "float32" as const, shape: run.inputs[i] }],
  );
  const model: Model = {
    ...emptyModel("alone"),
    opsets,
    nodes: [{ ...node, inputs, outputs: ["output"] }],
    inputs: fed,
    outputs: [{ name: "output" }],
  };
  const { result: program, end } = await recorded(() => engine.compile(model));
  const stream = random(1, "alone");
  const feeds = Object.fromEntries(
    fed.map(({ name, shape }) => {
      const tensor = float32(shape);
      stream.fill(tensor.data);
      return [name, tensor];
    }),
  );
  for (let i = 0; i < WARM_UP + RUNS; i++) await program.run(feeds);
  const { kernels } = end(RUNS);
  await program.release();
  return median(kernels.filter(({ op }) => op === node.op).map(({ milliseconds }) => milliseconds));
}
