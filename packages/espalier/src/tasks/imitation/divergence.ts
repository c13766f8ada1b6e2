import type { Head } from "../../adoption/heads.ts";
import { int } from "../../onnx/attributes.ts";
import type { GraphBuilder } from "../../onnx/builder.ts";
import { logSoftmax, softplus } from "./probabilities.ts";

/**
 * How far one output is from what it is to be, both taken before the Softmax or Sigmoid at its end, as a mean over all of
 * its numbers, or of its distributions where it has such:
 *
 *     Softmax     KL(p || q) = sum_c p_c (log p_c - log q_c)
 *     Sigmoid     the same of (p, 1 - p): softplus(z) - p z - (softplus(t) - p t) with p = sigmoid(t)
 *     values      (y - t)^2
 *
 * (Hinton et al., arXiv 1503.02531, at temperature 1.)
 * @param samples that are counted: the first
 */
export function divergenceOf(head: Head, output: Float32Array, target: Float32Array): number {
  switch (head.kind) {
    case "softmax":
    case "log-softmax": {
      const [own, wanted] = [logSoftmax(output, head), logSoftmax(target, head)];
      let sum = 0;
      for (let i = 0; i < own.length; i++) {
        const p = Math.exp(wanted[i]);
        if (p > 0) sum += p * (wanted[i] - own[i]);
      }
      return (sum * head.classes) / own.length;
    }
    case "sigmoid": {
      let sum = 0;
      for (let i = 0; i < output.length; i++) {
        const p = 1 / (1 + Math.exp(-target[i]));
        sum += softplus(output[i]) - softplus(target[i]) - p * (output[i] - target[i]);
      }
      return sum / output.length;
    }
    case "values": {
      let sum = 0;
      for (let i = 0; i < output.length; i++) sum += (output[i] - target[i]) ** 2;
      return sum / output.length;
    }
    case "whole":
      return 0;
  }
}

const WHOLE = { keepdims: int(0) };

/**
 * Adds the nodes of {@link divergenceOf}, over a whole batch.
 * @param numbers of the output in all
 * @returns the name of a float32 scalar
 */
export function addDivergence(graph: GraphBuilder, head: Head, output: string, target: string, numbers: number) {
  const mean = (values: string, count: number) =>
    graph.emit("Mul", [graph.emit("ReduceSum", [values], WHOLE), graph.scalar("float32", 1 / count)]);
  switch (head.kind) {
    case "softmax":
    case "log-softmax": {
      const positions = numbers / head.classes;
      const shape = graph.ints([positions / head.inner, head.classes, head.inner]);
      const rows = (value: string) => {
        const shaped = graph.emit("Reshape", [value, shape]);
        // Most distributions lie along the last axis, where they are computed best.
        return head.inner === 1 ? graph.emit("Reshape", [shaped, graph.ints([positions, head.classes])]) : shaped;
      };
      const [z, t] = [rows(output), rows(target)];
      const axis = { axis: int(1) };
      const difference = graph.emit("Sub", [graph.emit("LogSoftmax", [t], axis), graph.emit("LogSoftmax", [z], axis)]);
      return mean(graph.emit("Mul", [graph.emit("Softmax", [t], axis), difference]), positions);
    }
    case "sigmoid": {
      const [z, t] = [output, target].map((value) => graph.emit("Reshape", [value, graph.ints([-1])]));
      const excess = graph.emit("Sub", [graph.emit("Softplus", [z]), graph.emit("Softplus", [t])]);
      const matched = graph.emit("Mul", [graph.emit("Sigmoid", [t]), graph.emit("Sub", [z, t])]);
      return mean(graph.emit("Sub", [excess, matched]), numbers);
    }
    default: {
      const [y, t] = [output, target].map((value) => graph.emit("Reshape", [value, graph.ints([-1])]));
      const difference = graph.emit("Sub", [y, t]);
      return mean(graph.emit("Mul", [difference, difference]), numbers);
    }
  }
}
