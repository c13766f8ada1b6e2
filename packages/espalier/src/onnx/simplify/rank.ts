import { constantOf, type Model, type Node } from "../graph.ts";
import { allNodes } from "../nested.ts";

/** Operators whose result has as many axes as what they read, or as that of it which has the most. */
const ALIKE =
  /^(Abs|Add|BatchNormalization|Cast|Celu|Clip|Concat|Div|Dropout|Elu|Erf|Exp|Gelu|HardSigmoid|HardSwish|Identity|LayerNormalization|LeakyRelu|Log|MatMul|Mish|Mul|Neg|PRelu|Pow|Relu|Selu|Sigmoid|Softmax|Softplus|Sqrt|Sub|Tanh|Transpose)$/;

/** Finds how many axes a value has, in a model whose shapes need not be known; undefined where that is not plain. */
export function rankFinder(model: Model): (value: string) => number | undefined {
  const makers = new Map(allNodes(model).flatMap((node) => node.outputs.map((output) => [output, node] as const)));
  const declared = new Map([...model.values.values(), ...model.inputs].map(({ name, shape }) => [name, shape?.length]));
  return rankOf;

  function rankOf(value: string): number | undefined {
    const maker = makers.get(value);
    return model.initializers.get(value)?.dims.length ?? declared.get(value) ?? (maker && made(maker));
  }

  function made({ op, domain, inputs }: Node): number | undefined {
    if (domain !== "") return undefined;
    if (op === "Gemm" || op === "Flatten") return 2;
    if (op === "Reshape") return constantOf(model, inputs[1])?.data.length;
    if (!ALIKE.test(op)) return undefined;
    const ranks = inputs.filter((name) => name !== "").map(rankOf);
    const known = ranks.filter((rank) => rank !== undefined);
    return known.length === ranks.length ? Math.max(...known) : undefined;
  }
}
