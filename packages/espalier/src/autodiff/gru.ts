import { attribute, int } from "../onnx/attributes.ts";
import { as, joined, type Layer, split } from "./recurrent-layer.ts";
import type { RuleContext } from "./rule.ts";
import { scan } from "./scan.ts";
import type { LayerGradient } from "./through-time.ts";

/**
 * z, r = sigmoid(...); h = (1 - z) n + z h', with h' the state before the step (ONNX GRU). The reset gate works on the
 * product, n = tanh(x Wn^T + bn + r (h' Rn^T + rn)), or on the state itself, n = tanh(x Wn^T + bn + (r h') Rn^T + rn).
 * Where a sequence has ended, z = 1: then only dh' = dh z is not zero.
 */
export function gru(context: RuleContext, layer: Layer): LayerGradient {
  const resetsProduct = attribute(context.node, "int", "linear_before_reset", 0) !== 0;
  return resetsProduct ? resettingProduct(context, layer) : resettingState(context, layer);
}

/**
 * With q = h' Rn^T + rn:
 *   dn = dh (1 - z) (1 - n^2), dz = dh (h' - n) z (1 - z), dr = dn q r (1 - r), dq = dn r
 *   dh' = dh z + [dz, dr, dq] R
 */
function resettingProduct(context: RuleContext, layer: Layer): LayerGradient {
  const { graph, math } = context;
  const { units, biases, dy } = layer;
  const rows = layer.steps * layer.batch;
  const previous = as(context, layer.previous, [rows, units]);
  const [w, r] = biases?.map((bias) => [bias]) ?? [[], []];
  const fromX = gatesOf(context, layer, graph.emit("Gemm", [layer.x, layer.w, ...w], { transB: int(1) }), 3);
  const fromH = gatesOf(context, layer, graph.emit("Gemm", [previous, layer.r, ...r], { transB: int(1) }), 3);
  const [, , q] = fromH;
  const reset = math.sigmoid(math.add(fromX[1], fromH[1]));
  const z = update(context, layer, math.add(fromX[0], fromH[0]));
  const n = math.tanh(math.add(fromX[2], math.mul(reset, q)));
  const { kz, kn } = factors(context, layer, z, n);
  const kq = math.mul(kn, reset);
  const kr = math.mul(math.mul(kq, q), math.sub(1, reset));
  const {
    states,
    results: [dz, dhs],
  } = scan(context, {
    states: [layer.dLast],
    sequences: [kz, kr, kq, z, ...(dy ? [dy] : [])],
    backwards: !layer.backwards,
    results: 2,
    step({ graph, math }, [dh], [kz, kr, kq, z, ...rest]) {
      const dhNow = dy ? math.add(dh, rest[0]) : dh;
      const parts = [math.mul(dhNow, kz), math.mul(dhNow, kr), math.mul(dhNow, kq)];
      const dz = graph.emit("Concat", parts, { axis: int(1) });
      const before = math.add(graph.emit("MatMul", [dz, layer.r]), math.mul(dhNow, z));
      return { states: [before], results: [dz, dhNow] };
    },
  });
  const [forGates] = split(context, dz, 2, [2 * units, units]);
  const input = joined(context, 2, [forGates, math.mul(dhs, kn)]);
  return {
    input: as(context, input, [rows, 3 * units]),
    recurrent: [{ gradient: as(context, dz, [rows, 3 * units]), states: previous }],
    initial: states,
  };
}

/**
 * With s = r h':
 *   dn = dh (1 - z) (1 - n^2), ds = dn Rn, dz = dh (h' - n) z (1 - z), dr = ds h' r (1 - r)
 *   dh' = dh z + ds r + [dz, dr] Rzr
 */
function resettingState(context: RuleContext, layer: Layer): LayerGradient {
  const { graph, math } = context;
  const { steps, batch, units, biases, dy } = layer;
  const rows = steps * batch;
  const previous = as(context, layer.previous, [rows, units]);
  const [forGates, forCandidate] = split(context, layer.r, 0, [2 * units, units]);
  const bias = biases ? [graph.emit("Add", [...biases])] : [];
  const fromX = gatesOf(context, layer, graph.emit("Gemm", [layer.x, layer.w, ...bias], { transB: int(1) }), 3);
  const fromH = gatesOf(context, layer, graph.emit("Gemm", [previous, forGates], { transB: int(1) }), 2);
  const reset = math.sigmoid(math.add(fromX[1], fromH[1]));
  const kept = math.mul(reset, layer.previous);
  const resetState = as(context, kept, [rows, units]);
  const candidate = as(context, graph.emit("Gemm", [resetState, forCandidate], { transB: int(1) }), [
    steps,
    batch,
    units,
  ]);
  const z = update(context, layer, math.add(fromX[0], fromH[0]));
  const n = math.tanh(math.add(fromX[2], candidate));
  const { kz, kn } = factors(context, layer, z, n);
  const kr = math.mul(kept, math.sub(1, reset));
  const { states, results } = scan(context, {
    states: [layer.dLast],
    sequences: [kz, kr, kn, z, reset, ...(dy ? [dy] : [])],
    backwards: !layer.backwards,
    results: 2,
    step({ graph, math }, [dh], [kz, kr, kn, z, r, ...rest]) {
      const dhNow = dy ? math.add(dh, rest[0]) : dh;
      const dn = math.mul(dhNow, kn);
      const ds = graph.emit("MatMul", [dn, forCandidate]);
      const dzr = graph.emit("Concat", [math.mul(dhNow, kz), math.mul(ds, kr)], { axis: int(1) });
      const before = math.sum(graph.emit("MatMul", [dzr, forGates]), math.mul(dhNow, z), math.mul(ds, r));
      return { states: [before], results: [dzr, dn] };
    },
  });
  const [dzr, dn] = [as(context, results[0], [rows, 2 * units]), as(context, results[1], [rows, units])];
  return {
    input: joined(context, 1, [dzr, dn]),
    recurrent: [
      { gradient: dzr, states: previous },
      { gradient: dn, states: resetState },
    ],
    initial: states,
  };
}

/** What goes into each gate, [T, B, H]. */
function gatesOf(context: RuleContext, { steps, batch, units }: Layer, z: string, count: number): string[] {
  const sizes = Array.from({ length: count }, () => units);
  return split(context, as(context, z, [steps, batch, count * units]), 2, sizes);
}

/** The update gate, 1 where a sequence has ended. */
function update({ math }: RuleContext, { valid }: Layer, preactivation: string): string {
  const gate = math.sigmoid(preactivation);
  return valid ? math.where(valid, gate, 1) : gate;
}

/** d(what goes into z) / dh = (h' - n) z (1 - z) = (h - n) (1 - z), and the same of n. */
function factors({ math }: RuleContext, { y }: Layer, z: string, n: string) {
  const rest = math.sub(1, z);
  return { kz: math.mul(math.sub(y, n), rest), kn: math.mul(rest, math.sub(1, math.mul(n, n))) };
}
