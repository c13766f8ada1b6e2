import { asNumbers } from "./elementwise.ts";
import { as, type Layer } from "./recurrent-layer.ts";
import type { RuleContext } from "./rule.ts";
import { scan } from "./scan.ts";
import type { LayerGradient } from "./through-time.ts";

/** h = a(z) (ONNX RNN): a'(z) follows from h itself. Where a sequence has ended, dz = 0 and dh stays. */
export function rnn(context: RuleContext, layer: Layer): LayerGradient {
  const { math } = context;
  const { steps, batch, units, backwards, valid, y, dy } = layer;
  const rows = steps * batch;
  const counts = valid && asNumbers(context, valid);
  const slope = {
    relu: () => asNumbers(context, math.greater(y, 0)),
    sigmoid: () => math.sub(y, math.mul(y, y)),
    tanh: () => math.sub(1, math.mul(y, y)),
  }[layer.activation];
  const factor = slope?.() ?? "";
  const ended = counts && math.sub(1, counts);
  const { states, results } = scan(context, {
    states: [layer.dLast],
    sequences: [counts ? math.mul(factor, counts) : factor, ...(dy ? [dy] : []), ...(ended ? [ended] : [])],
    backwards: !backwards,
    results: 1,
    step({ graph, math }, [dh], [k, ...rest]) {
      const dhNow = dy ? math.add(dh, rest[0]) : dh;
      const dz = math.mul(dhNow, k);
      const before = graph.emit("MatMul", [dz, layer.r]);
      return { states: [ended ? math.add(before, math.mul(dhNow, rest[rest.length - 1])) : before], results: [dz] };
    },
  });
  const dz = as(context, results[0], [rows, units]);
  const previous = as(context, layer.previous, [rows, units]);
  return { input: dz, recurrent: [{ gradient: dz, states: previous }], initial: states };
}
