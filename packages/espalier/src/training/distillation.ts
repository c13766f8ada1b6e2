import type { Head } from "../adoption/heads.ts";
import type { GraphBuilder } from "../onnx/builder.ts";
import type { Model } from "../onnx/graph.ts";
import { sizeOf } from "../onnx/tensor.ts";
import type { TypedValue } from "../onnx/typed.ts";
import { upgrade } from "../onnx/upgrade.ts";
import { addDivergence } from "../tasks/imitation/divergence.ts";
import type { Task } from "../tasks/task.ts";
import { beside } from "./beside.ts";

/** A network that another learns from, beside what the task's targets say. */
export interface Distillation {
  /** It reads what the other reads, changed samples and all, and has the task's output as its first. */
  readonly teacher: Model;
  /** How much its output counts beside the task's own loss. */
  readonly weight: number;
}

/** Above 1, what a teacher says of the classes that it does not choose counts for more. */
const TEMPERATURE = 2;

/**
 * Puts a teacher beside a network and adds to the task's loss
 *
 *     weight T^2 KL(softmax(t / T) || softmax(z / T))
 *
 * of the teacher's output t and the network's z (Hinton et al., arXiv 1503.02531), of values their squared distance. The
 * teacher is computed in each step, so that it sees the samples as they were changed.
 */
export function distilled(
  student: Model,
  task: Task,
  { teacher, weight }: Distillation,
): { readonly model: Model; readonly task: Task } {
  const { model } = beside(student, withoutDropout(upgrade(teacher)));
  const own = student.outputs.length;
  return {
    model,
    task: {
      ...task,
      targets: (outputs) => task.targets(outputs.slice(0, own)),
      loss(graph, outputs, targets) {
        const loss = task.loss(graph, outputs.slice(0, own), targets);
        const distance = distanceOf(graph, task, outputs[0], outputs[own]);
        return graph.emit("Add", [loss, graph.emit("Mul", [distance, graph.scalar("float32", weight)])]);
      },
    },
  };
}

function distanceOf(graph: GraphBuilder, { form }: Task, output: TypedValue, target: TypedValue): string {
  const { name, shape } = output;
  const classes = shape[shape.length - 1] ?? 1;
  const kind = form.kind === "scores" ? "softmax" : form.kind === "values" && form.logits ? "sigmoid" : "values";
  const head: Head = { name, kind, shape, classes, inner: 1, dense: false };
  if (kind !== "softmax") return addDivergence(graph, head, name, target.name, sizeOf(shape));
  const [own, wanted] = [name, target.name].map((scores) =>
    graph.emit("Mul", [scores, graph.scalar("float32", 1 / TEMPERATURE)]),
  );
  const divergence = addDivergence(graph, head, own, wanted, sizeOf(shape));
  return graph.emit("Mul", [divergence, graph.scalar("float32", TEMPERATURE ** 2)]);
}

/** A teacher says what it says of its whole self. */
function withoutDropout(model: Model): Model {
  const nodes = model.nodes.map((node) =>
    node.op === "Dropout" && node.domain === "" ? { ...node, op: "Identity", inputs: node.inputs.slice(0, 1) } : node,
  );
  return { ...model, nodes };
}
