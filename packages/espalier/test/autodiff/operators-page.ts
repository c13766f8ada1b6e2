import { noGradient } from "../../src/autodiff/no-gradient.ts";
import { gradientRules, ruleFamilies } from "../../src/autodiff/rules.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import {
  codedOperators,
  gapsOf,
  kernelOf,
  kernelsAlone,
  passesUnits,
  SIDES,
  weightedOperators,
} from "../operators/coverage.ts";
import { DEFAULT_RUNS } from "./cases/drawn.ts";
import { ruleCases } from "./cases/index.ts";

/** What a rule does where that is not plain, and what it does not cover. */
const notes: Readonly<Record<string, string>> = {
  BatchNormalization: "Both forms: by running statistics, to which no gradient flows, and by the batch's.",
  Cast: "Between floating-point types; through others no gradient flows.",
  CastLike: "As Cast.",
  Clip: "At a bound the element receives it.",
  Dropout: "With the mask that the node drew.",
  Einsum: "Any equation in which no operand has an index twice, with or without an ellipsis.",
  GlobalMaxPool: "The first of equal elements receives it.",
  GRU: "Both reset forms, all directions, sequences of their own lengths; not other activations, `clip`, or `layout` 1.",
  GroupNormalization: "Scale and bias by channel, in operator set 18 by group.",
  LSTM: "All directions, sequences of their own lengths; not peepholes, other activations, `clip`, `input_forget`, or `layout` 1.",
  LayerNormalization: "In ONNX since 17.",
  Max: "Equal ones share it.",
  MaxPool: "The first of equal elements receives it.",
  Min: "Equal ones share it.",
  Mod: "With `fmod`, the only form for floating-point numbers.",
  Pad: "Every mode; the pads must be constant. No gradient flows to the number that is padded with.",
  RNN: "Tanh, Relu and Sigmoid, all directions, sequences of their own lengths; not `clip`, or `layout` 1.",
  ReduceMax: "Equal ones share it.",
  ReduceMin: "Equal ones share it.",
  ReduceProd: "Exact where elements are zero.",
  Resize:
    "Every mode of interpolation and coordinates; not `keep_aspect_ratio_policy` other than `stretch`. Upsample becomes it.",
  ScatterElements: "The reductions `none` and `add`.",
  ScatterND: "The reductions `none` and `add`.",
  Slice: "Starts, axes and steps must be constant.",
  TopK: "Through the values.",
};

const INTRODUCTION = `# Operators

<!-- Written by npm run operators, from the catalogue of operators, the gradient rules and their tests, and what the runtime computes. -->

Any model that ONNX Runtime runs can be evaluated, inspected, scanned, and pruned without retraining. To train or retrain it, gradients must find a way from the loss back to the parameters: each operator on that way needs a rule. Models of the operator sets 7 to 26 are read; those before 18 are brought to 18 for training, and written back as they came.

Every rule is compared with central differences on random shapes and attributes, and on the edges that are named here: \`test/autodiff/cases\`. "Since" is the first operator set, from 7, in which ONNX Runtime takes the operator.

What numbers a rule needs to know (axes, pads, sizes) may also be computed in the graph, as long as shapes and constants determine them.

For an operator that is not here, pass a rule of your own: \`examples/own-rule.ts\`.

"Units" tells whether dead units and channels are followed through the operator when they are removed; those that reach any other stay. "Kernel" is the first operator set in which \`espalier/runtime\` computes the operator; it refuses what is not here before anything is computed.
`;

const WEIGHTS = `## Weights

What each operator with weights is to pruning, sharing, fitting and counting: whether its weights are a layer that can be pruned, whether its bias is found, also as an Add behind it, whether its weights are fitted by least squares, whether units are followed, and whether its MACs are counted.
`;

const CODES = `## Weights that are whole numbers

Layers whose weights quantizers made whole numbers with scales: \`inspect\` shows them with their type and MACs, \`compress\` codes them as they are, and they are neither pruned nor trained. They are what the operators above read through a DequantizeLinear, what is looked up by Gather in front of one, and the weights of these operators, some of them ONNX Runtime's own. "Kernel" is as above.
`;

const KERNELS = `## Only in the runtime

The runtime computes these too.
`;

const ENDS = `## Where gradients end

Through these no gradient flows: they count, compare, choose or draw, or are step functions. What lies before them is left alone.
`;

/** The page of all operators that gradients pass, and of those at which they end. */
export async function operatorsPage(): Promise<string> {
  const parts = [INTRODUCTION, `${WEIGHTS}\n${weightsTable()}`, `${CODES}\n${codesTable()}`];
  for (const [family, rules] of Object.entries(ruleFamilies)) {
    const rows = [];
    for (const op of Object.keys(rules))
      rows.push(
        `| ${op} | ${await since(op)} | ${passesUnits(op) ? "yes" : ""} | ${kernelOf(op) ?? ""} | ${notes[op] ?? ""} | ${checked(op)} |`,
      );
    parts.push(
      `## ${family}\n\n| operator | since | units | kernel | remarks | checked on |\n| --- | --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`,
    );
  }
  parts.push(`${ENDS}\n${[...noGradient].sort().join(", ")}.\n`);
  parts.push(`${KERNELS}\n${kernelsAlone(new Set(gradientRules.keys())).join(", ")}.\n`);
  return parts.join("\n");
}

/** The operators with weights by what is known of them, and the reasons for what is not. */
function weightsTable(): string {
  const reasons = new Map<string, string[]>();
  const rows = weightedOperators.map((op) => {
    const gaps = gapsOf(op);
    for (const side of SIDES) {
      const reason = gaps[side] && `no ${side}: ${gaps[side]}`;
      if (reason) reasons.set(reason, [...(reasons.get(reason) ?? []), op]);
    }
    return `| ${[op, ...SIDES.map((side) => (gaps[side] === undefined ? "yes" : ""))].join(" | ")} |`;
  });
  const listed = Array.from(reasons, ([reason, ops]) => `- ${ops.join(", ")}: ${reason}.`);
  const head = ["operator", ...SIDES];
  return `| ${head.join(" | ")} |\n|${" --- |".repeat(head.length)}\n${rows.join("\n")}\n\n${listed.join("\n")}\n`;
}

/** The operators that read whole numbers themselves. */
function codesTable(): string {
  const rows = codedOperators.map((op) => `| ${op} | ${kernelOf(op) ?? ""} |`);
  return `| operator | kernel |\n| --- | --- |\n${rows.join("\n")}\n`;
}

/** How a rule is tested: edges whose names differ behind a colon only are counted. */
function checked(op: string): string {
  const { runs = DEFAULT_RUNS, edges = {} } = ruleCases[op] ?? {};
  const counts = new Map<string, number>();
  for (const name of Object.keys(edges)) {
    const [kind] = name.split(":");
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const named = Array.from(counts, ([kind, count]) => (count === 1 ? kind : `${kind} (${count})`));
  return [`${runs} random cases`, ...named].join("; ");
}

const engine = nodeEngine({ threads: 1 });

/** The first operator set, from 7, whose models the runtime does not refuse for not knowing the operator. */
async function since(op: string): Promise<number> {
  for (let set = 7; ; set++) {
    const model = emptyModel(op);
    model.opsets.set("", set);
    model.inputs.push({ name: "x", dtype: "float32", shape: [1] });
    model.outputs.push({ name: new GraphBuilder(model).emit(op, ["x"]) });
    const refusal = await engine.compile(model).then(
      (program) => program.release(),
      (error: unknown) => String(error),
    );
    if (typeof refusal !== "string" || !refusal.includes(`No Op registered for ${op}`)) return set;
    if (refusal.includes("under development")) throw new Error(`No operator set of the runtime has ${op}.`);
  }
}

/** Operators of which the page says something, for the test that all of them are known. */
export const noted = Object.keys(notes);
