import type { Node } from "../onnx/graph.ts";

/** What exporters put behind the name of the module that weights belong to. */
const SUFFIXES = [
  /(:0)$/,
  /\/ReadVariableOp$/,
  /_(weights|bias)_fused_bn$/,
  /\/(Conv[123]D(Transpose)?|MatMul|BiasAdd|depthwise|conv2d_transpose)$/,
  /[._/](weight|weights|kernel|bias|W|w|B|b|[wb]_\d+)$/,
];

/** What quantizers put behind the name of what they quantized. */
const QUANTIZED = /(_quantized|_QuantizeLinear|_(DQ_)?Q\d+(G\d+)?)$/;

/** Names that were made up: of values that were folded, of constants in a row, and, short, of codes by `quantize`. */
const AUTOMATIC = [
  /^\d+$/,
  /^[dnq](_\d+)?$/,
  /^onnx::/,
  /^const/i,
  /Constant(_\d+)?(_output_\d+)?$/,
  /^val_\d+$/,
  /^p2o\.\w+\.\d+$/,
];

/**
 * A layer's name: that of the module its weights or else its biases belong to, the node's name, or the weights' own.
 * @param weight the name of its weights
 * @param bias the name of its biases
 */
export function layerName({ name, op }: Node, weight: string, bias?: string): string {
  return moduleOf(weight) ?? (bias === undefined ? undefined : moduleOf(bias)) ?? scopeOf(name, op) ?? weight;
}

function moduleOf(stored: string): string | undefined {
  const value = stored.replace(QUANTIZED, "");
  const module = SUFFIXES.reduce((name, suffix) => name.replace(suffix, ""), value);
  return AUTOMATIC.some((pattern) => pattern.test(module)) && module === value ? undefined : dotted(module);
}

/** The scope of a node: "/features/features.0/Conv" is in features.0. */
function scopeOf(name: string, op: string): string | undefined {
  if (name === "") return undefined;
  const parts = name.split("/");
  const scope = new RegExp(`^${op}(_\\d+)?$`).test(parts[parts.length - 1]) ? parts.slice(0, -1).join("/") : name;
  return dotted(scope) || name;
}

/** "/layer1/layer1.0/conv1" is layer1.0.conv1: dots, which globs do not stop at, and no name twice. */
function dotted(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  return parts.filter((part, i) => !parts[i + 1]?.startsWith(`${part}.`)).join(".");
}
