import { describe, expect, it } from "vitest";
import { adopt } from "../../src/adoption/adopt.ts";
import { trainableForm } from "../../src/adoption/trainable-form.ts";
import { annotate, settle } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { type FloatTensor, float32, isFloat32 } from "../../src/onnx/tensor.ts";
import { upgrade } from "../../src/onnx/upgrade.ts";
import { classify } from "../../src/tasks/classify.ts";
import { targetOf } from "../../src/training/feeding.ts";
import { LOSS, objective } from "../../src/training/objective.ts";
import { obstacles } from "../../src/training/obstacles.ts";
import { parametersOf, trainableParameters } from "../../src/training/parameters.ts";
import { gradientOf, gradientStep } from "../../src/training/step-graph.ts";
import { names, type PyTorchCase, readCase } from "../fixtures/pytorch/read.ts";

const engine = nodeEngine({ threads: 1 });

/** Loss and gradients of a case's batch as they are computed here, of all parameters. */
async function gradientsOf(model: Model, { input, labels }: PyTorchCase) {
  const batch = labels.length;
  const parameters = trainableParameters(model);
  const typed = await settle(engine, upgrade(model), { batch });
  const { model: withLoss } = objective(typed, classify());
  const step = gradientStep(await annotate(engine, withLoss, {}), {
    parameters,
    optimizer: { slots: [], apply: (update) => update },
    masked: new Set(),
  });
  const program = await engine.compile(step.model, step);
  for (const [name, tensor] of parametersOf(model, parameters)) program.load(name, tensor);
  const results = await program.run({
    [model.inputs[0].name]: input,
    [targetOf("label")]: { dtype: "int32", dims: [batch], data: Int32Array.from(labels) },
  });
  await program.release();
  const gradients = new Map<string, FloatTensor>();
  for (const name of parameters) {
    const found = results[gradientOf(name)];
    if (isFloat32(found)) gradients.set(name, found);
  }
  return { loss: Number(results[LOSS].data[0]), gradients };
}

/** The largest difference between two tensors, relative to the largest number in the expected one. */
function difference(found: FloatTensor, expected: FloatTensor): number {
  expect([...found.dims]).toEqual([...expected.dims]);
  const largest = expected.data.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-3);
  return found.data.reduce((most, x, i) => Math.max(most, Math.abs(x - expected.data[i])), 0) / largest;
}

function transposed({ dims: [rows, columns], data }: FloatTensor): FloatTensor {
  return float32(
    [columns, rows],
    data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]),
  );
}

/** Exports that compute the weights of a recurrent layer from parameters in PyTorch's order of gates: how many. */
const GATED = { recurrent: 16, gru: 8, rnn: 8 };

describe("beside PyTorch", () => {
  it.each(names)("%s has PyTorch's loss, and its gradient for every parameter that kept its name", async (name) => {
    const given = readCase(name);
    const against = obstacles(trainableForm(given.model).model);
    if (against.length > 0) throw new Error(against.join(" "));
    const { model } = await adopt(engine, given.model);
    const { loss, gradients } = await gradientsOf(model, given);
    expect(Math.abs(loss - given.loss) / given.loss).toBeLessThan(1e-4);
    const differences = Object.fromEntries(
      [...given.gradients].flatMap(([parameter, expected]) => {
        const found = gradients.get(parameter);
        return found ? [[parameter, difference(found, expected)]] : [];
      }),
    );
    for (const [parameter, relative] of Object.entries(differences)) expect(relative, parameter).toBeLessThan(1e-4);
    // Folding takes the names of convolutions before a normalization, of products and of recurrent layers away.
    const lost: Partial<Record<string, number>> = { folded: 7, "old-transformer": 5, "last-state": 5, ...GATED };
    expect(given.gradients.size - Object.keys(differences).length).toBe(lost[name] ?? 0);
    if (!(name in GATED)) return;
    // ONNX has the gates in another order, and each apart: the numbers are the same.
    const [own, theirs] = [gradients, given.gradients].map((all) => [...all].filter(([key]) => !(key in differences)));
    const [found, expected] = [own, theirs].map((all) => Float32Array.from(all.flatMap(([, { data }]) => [...data])));
    expect(found.length).toBe(expected.length);
    const sorted = (data: Float32Array) => float32([data.length], data.toSorted());
    expect(difference(sorted(found), sorted(expected))).toBeLessThan(1e-4);
  });

  it("computes the gradients of products whose weights were transposed and renamed", async () => {
    const folded = readCase("old-transformer");
    const named = readCase("transformer");
    const { model } = await adopt(engine, folded.model);
    const { gradients } = await gradientsOf(model, folded);
    let compared = 0;
    for (const [name, tensor] of model.initializers) {
      if (!name.startsWith("onnx::MatMul") || !isFloat32(tensor)) continue;
      const [original] = [...named.model.initializers].find(
        ([, other]) => isFloat32(other) && other.dims.length === 2 && `${transposed(other).data}` === `${tensor.data}`,
      ) ?? [""];
      const [found, expected] = [gradients.get(name), named.gradients.get(original)];
      if (!found || !expected) throw new Error(`${name} is not a parameter of the network.`);
      expect(difference(found, transposed(expected)), name).toBeLessThan(1e-4);
      compared++;
    }
    expect(compared).toBe(5);
  });
});
