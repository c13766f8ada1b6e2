import { describe, expect, it } from "vitest";
import { annotate, annotateAdditions } from "../../src/engine/annotate.ts";
import { nodeEngine } from "../../src/engine/node.ts";
import { int } from "../../src/onnx/attributes.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { copyModel, fedInputs, type Model } from "../../src/onnx/graph.ts";
import type { TypedModel } from "../../src/onnx/typed.ts";
import { classify } from "../../src/tasks/classify.ts";
import { targetOf } from "../../src/training/feeding.ts";
import { objective } from "../../src/training/objective.ts";
import { trainableParameters } from "../../src/training/parameters.ts";
import { blobNet, normNet } from "../blobs.ts";

const engine = nodeEngine({ threads: 1 });

const objectiveOf = (model: TypedModel): Model =>
  objective(model, classify(), { adapting: new Set(trainableParameters(model)) }).model;

describe("the types of what is added to a typed model", () => {
  it.each([
    ["a loss", blobNet(), objectiveOf],
    ["a loss and dropout", blobNet(1, 0.5), objectiveOf],
    ["a loss and the statistics of batches", normNet(), objectiveOf],
    ["nothing", blobNet(), copyModel],
    [
      "arithmetic on shapes",
      blobNet(),
      (model: TypedModel) => {
        const longer = copyModel(model);
        const graph = new GraphBuilder(longer);
        const [{ name }] = longer.outputs;
        const rows = graph.emit("Gather", [graph.emit("Shape", [name]), graph.ints([0])]);
        const shape = graph.emit("Concat", [rows, graph.ints([2, 2])], { axis: int(0) });
        graph.emit("Reshape", [name, shape], {}, "square");
        return longer;
      },
    ],
  ])("are those of the whole model: %s", async (_, network, change) => {
    const base = await annotate(engine, network, { batch: 5 });
    const model = change(base);
    const found = await annotateAdditions(engine, model, base);
    const { values, outputs, inputs } = await annotate(engine, model, {});
    expect(found.values).toEqual(values);
    expect(found.outputs).toEqual(outputs);
    expect(found.inputs).toEqual(inputs);
  });

  it("are found without a run of what was typed", async () => {
    const compiled: Model[] = [];
    const watched = {
      ...engine,
      compile: (model: Model) => {
        compiled.push(model);
        return engine.compile(model);
      },
    };
    const base = await annotate(engine, blobNet(), { batch: 5 });
    await annotateAdditions(watched, objectiveOf(base), base);
    expect(compiled).toHaveLength(1);
    expect(fedInputs(compiled[0]).map(({ name }) => name)).toEqual([targetOf("label"), base.outputs[0].name]);
    expect(compiled[0].nodes.some(({ op }) => op === "Gemm")).toBe(false);
  });
});
