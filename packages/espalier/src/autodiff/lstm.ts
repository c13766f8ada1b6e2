import { int } from "../onnx/attributes.ts";
import { asNumbers } from "./elementwise.ts";
import { as, type Layer, split } from "./recurrent-layer.ts";
import type { RuleContext } from "./rule.ts";
import { scan } from "./scan.ts";
import type { LayerGradient } from "./through-time.ts";

/** What goes into all gates at all steps, x W^T + h R^T + b: [T B, G H]. */
function preactivations({ graph }: RuleContext, { x, w, r, biases }: Layer, previous: string): string {
  const bias = biases ? [graph.emit("Add", [...biases])] : [];
  const fromState = graph.emit("Gemm", [previous, r, ...bias], { transB: int(1) });
  return graph.emit("Gemm", [x, w, fromState], { transB: int(1) });
}

/**
 * i, o, f = sigmoid(z), g = tanh(z); c = f c' + i g; h = o tanh(c) (ONNX LSTM, with c' the cell before the step).
 * With dh and dc as they come from the next step:
 *   dc += dh o (1 - tanh^2 c)
 *   dz = [dc g i (1 - i), dh tanh(c) o (1 - o), dc c' f (1 - f), dc i (1 - g^2)]
 *   dh' = dz R, dc' = dc f
 * where the factors of dc and dh do not wait for them: i g (1 - i), h (1 - o), f c' (1 - f), i - i g g, o - h tanh c.
 * Where a sequence has ended, i = o = 0 and f = 1: then dz = 0, and dh and dc stay.
 */
export function lstm(context: RuleContext, layer: Layer): LayerGradient {
  const { math } = context;
  const { steps, batch, units, backwards, valid } = layer;
  const rows = steps * batch;
  const previous = as(context, layer.previous, [rows, units]);
  const z = as(context, preactivations(context, layer, previous), [steps, batch, 4 * units]);
  const parts = split(context, z, 2, [units, units, units, units]);
  const gates = parts.slice(0, 3).map((part) => math.sigmoid(part));
  const g = math.tanh(parts[3]);
  const counts = valid && asNumbers(context, valid);
  const [i, o] = gates.slice(0, 2).map((gate) => (counts ? math.mul(gate, counts) : gate));
  const f = valid ? math.where(valid, gates[2], 1) : gates[2];

  const ig = math.mul(i, g);
  const {
    results: [fc],
  } = scan(context, {
    states: [layer.cell],
    sequences: [f, ig],
    backwards,
    results: 1,
    step({ math }, [c], [f, ig]) {
      const fc = math.mul(f, c);
      return { states: [math.add(fc, ig)], results: [fc] };
    },
  });
  const tanhC = math.tanh(math.add(fc, ig));
  const share = (value: string, gate: string) => math.mul(value, math.sub(1, gate));
  const factors = [share(ig, i), share(layer.y, o), share(fc, f), math.sub(i, math.mul(ig, g))];
  const ended = counts && math.sub(1, counts);
  const { states, results } = scan(context, {
    states: [layer.dLast, layer.dLastCell],
    sequences: [
      ...factors,
      f,
      math.sub(o, math.mul(layer.y, tanhC)),
      ...(layer.dy ? [layer.dy] : []),
      ...(ended ? [ended] : []),
    ],
    backwards: !backwards,
    results: 1,
    step({ graph, math }, [dh, dc], [ki, ko, kf, kc, f, p, ...rest]) {
      const dhNow = layer.dy ? math.add(dh, rest[0]) : dh;
      const dcNow = math.add(dc, math.mul(dhNow, p));
      const gates = [math.mul(dcNow, ki), math.mul(dhNow, ko), math.mul(dcNow, kf), math.mul(dcNow, kc)];
      const dz = graph.emit("Concat", gates, { axis: int(1) });
      const before = graph.emit("MatMul", [dz, layer.r]);
      const dhBefore = ended ? math.add(before, math.mul(dhNow, rest[rest.length - 1])) : before;
      return { states: [dhBefore, math.mul(dcNow, f)], results: [dz] };
    },
  });
  const dz = as(context, results[0], [rows, 4 * units]);
  return { input: dz, recurrent: [{ gradient: dz, states: previous }], initial: states };
}
