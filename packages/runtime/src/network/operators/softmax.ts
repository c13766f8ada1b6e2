import { ACTIVATION, PAIRWISE } from "../../kernels/kernels.ts";
import { int } from "../attributes.ts";
import { sizeOf } from "../elements.ts";
import { needed, type Operators, operator, type Planning, type Step, type Value } from "../operator.ts";
import { axisIn } from "./shapes.ts";
import { FLOAT } from "./types.ts";

type Float = Value<"float32">;
type Line = (line: Float32Array) => void;

/** Copies each line out, lets a function work on it, and copies it to the output. */
function oneByOne(context: Planning, x: Float, count: number, step: number, f: Line): Step {
  const [input, output] = [context.view(x), context.view(context.output("float32", x.dims))];
  const line = new Float32Array(count);
  return () => {
    const [from, to] = [input(), output()];
    for (let start = 0; start < from.length; start += count * step) {
      for (let i = start; i < start + step; i++) {
        for (let j = 0; j < count; j++) line[j] = from[i + j * step];
        f(line);
        for (let j = 0; j < count; j++) to[i + j * step] = line[j];
      }
    }
  };
}

/** Works on lines of `count` elements that lie `step` apart. */
type OnLines = (context: Planning, x: Float, count: number, step: number) => Step;

/** Along one axis; before operator set 13, over all from that axis on together. */
function alongAxis(work: OnLines) {
  return [
    operator({
      since: 1,
      inputs: { x: needed(FLOAT) },
      attributes: { axis: int(1) },
      plan(context) {
        const { x } = context.inputs;
        const axis = axisIn(context, context.attributes.axis, x.dims.length);
        return work(context, x, sizeOf(x.dims.slice(axis)), 1);
      },
    }),
    operator({
      since: 13,
      inputs: { x: needed(FLOAT) },
      attributes: { axis: int(-1) },
      plan(context) {
        const { x } = context.inputs;
        const axis = axisIn(context, context.attributes.axis, x.dims.length);
        return work(context, x, x.dims[axis], sizeOf(x.dims.slice(axis + 1)));
      },
    }),
  ];
}

/** e^(x - most) over its sum, `most` being the largest of a line. */
const softmax: OnLines = (context, x, count, step) => {
  if (step > 1) return oneByOne(context, x, count, step, softmaxOf);
  const lines = count === 0 ? 0 : sizeOf(x.dims) / count;
  const [input, output] = [context.at(x), context.at(context.output("float32", x.dims))];
  const ofLines = context.scratch(lines);
  const { heap, kernels } = context.machine;
  return () => {
    const [from, to, each] = [
      heap.floats(input, lines * count),
      heap.floats(output, lines * count),
      heap.floats(ofLines, lines),
    ];
    for (let line = 0; line < lines; line++) {
      let most = Number.NEGATIVE_INFINITY;
      for (let i = line * count; i < (line + 1) * count; i++) if (!(from[i] <= most)) most = from[i];
      each[line] = most;
    }
    kernels.pairwise(PAIRWISE.subtract, lines, count, input, 4 * count, 4, ofLines, 4, 0, output);
    kernels.activate(ACTIVATION.exponential, lines * count, output, output, 0, 0);
    for (let line = 0; line < lines; line++) {
      let sum = 0;
      for (let i = line * count; i < (line + 1) * count; i++) sum += to[i];
      each[line] = sum;
    }
    kernels.pairwise(PAIRWISE.divide, lines, count, output, 4 * count, 4, ofLines, 4, 0, output);
  };
};

function softmaxOf(line: Float32Array): void {
  const most = largestOf(line);
  let sum = 0;
  for (let i = 0; i < line.length; i++) {
    line[i] = Math.exp(line[i] - most);
    sum += line[i];
  }
  for (let i = 0; i < line.length; i++) line[i] /= sum;
}

function largestOf(line: Float32Array): number {
  return line.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
}

/** x - most less the logarithm of the sum of e^(x - most). */
function logSoftmaxOf(line: Float32Array): void {
  const most = largestOf(line);
  const sum = line.reduce((total, x) => total + Math.exp(x - most), 0);
  for (let i = 0; i < line.length; i++) line[i] -= most + Math.log(sum);
}

/** One at the first of the largest, zero elsewhere. */
function hardmaxOf(line: Float32Array): void {
  let best = 0;
  for (let i = 1; i < line.length; i++) if (line[i] > line[best]) best = i;
  line.fill(0);
  line[best] = 1;
}

const byLines = (f: Line) => alongAxis((context, x, count, step) => oneByOne(context, x, count, step, f));

/** What makes a distribution of the numbers along an axis. */
export const softmaxOperators: Operators = {
  Softmax: alongAxis(softmax),
  LogSoftmax: byLines(logSoftmaxOf),
  Hardmax: byLines(hardmaxOf),
};
