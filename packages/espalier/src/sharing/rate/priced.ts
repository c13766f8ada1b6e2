import type { GraphBuilder } from "../../onnx/builder.ts";
import type { Task } from "../../tasks/task.ts";
import { stepInput } from "../../training/step-graph.ts";

/** What a bit costs in a task's loss: from one price to another, over so many steps. */
export interface Price {
  readonly from: number;
  readonly to: number;
  readonly steps: number;
}

/** A task whose loss has the bits of a network's codes in it, which are its last output. */
export function priced(task: Task, price: Price): Task {
  return {
    ...task,
    targets: (outputs) => task.targets(outputs.slice(0, -1)),
    loss(graph, outputs, targets) {
      const loss = task.loss(graph, outputs.slice(0, -1), targets);
      const [{ name: bits }] = outputs.slice(-1);
      return graph.emit("Add", [loss, graph.emit("Mul", [bits, currentPrice(graph, price)])]);
    },
  };
}

/** The price at a training step, whose number is fed. */
function currentPrice(graph: GraphBuilder, { from, to, steps }: Price): string {
  const scalar = (value: number) => graph.scalar("float32", value);
  if (steps === 0 || from === to) return scalar(to);
  const part = graph.emit("Min", [graph.emit("Mul", [stepInput(graph.model), scalar(1 / steps)]), scalar(1)]);
  return graph.emit("Add", [graph.emit("Mul", [part, scalar(to - from)]), scalar(from)]);
}
