import fc from "fast-check";
import { it } from "vitest";
import { float, int } from "../../../espalier/src/onnx/attributes.ts";
import { agrees, normals, type Source, wholes } from "../one-operator.ts";

const small = fc.integer({ min: 1, max: 4 });
const how = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  shared: fc.integer({ min: 1, max: 2 }),
  heads: fc.integer({ min: 1, max: 2 }),
  rows: small,
  length: small,
  size: fc.integer({ min: 1, max: 5 }),
  width: fc.integer({ min: 1, max: 5 }),
  past: fc.integer({ min: 0, max: 3 }),
  flat: fc.boolean(),
  mask: fc.constantFrom("none", "bool", "float32"),
  causal: fc.boolean(),
  scale: fc.option(fc.constantFrom(0.3, 1.5), { nil: undefined }),
  cap: fc.option(fc.constant(2), { nil: undefined }),
  mode: fc.constantFrom(0, 3),
  source: fc.constantFrom<Source>("fed", "constant", "computed"),
});

it("Attention is that of ONNX Runtime", () =>
  fc.assert(
    fc.asyncProperty(
      how,
      async ({ batch, heads, rows, size, width, flat, mask, causal, scale, cap, mode, ...given }) => {
        const all = heads * given.shared;
        fc.pre(cap === undefined || (mask === "none" && !causal));
        // Where the first row stands among more of them, or fewer, is not said by all alike.
        const length = causal ? rows : given.length;
        const past = flat ? 0 : given.past;
        const total = past + length;
        const tensors = (count: number, times: number, of: number, seed: number) =>
          normals(flat ? [batch, times, count * of] : [batch, count, times, of], seed);
        const masks = {
          none: undefined,
          bool: wholes("bool", [rows, total], 4, 0, 2),
          float32: normals([batch, 1, rows, total], 4),
        };
        // A row of which nothing is seen has no mean.
        const bools = masks.bool?.data;
        if (bools instanceof Uint8Array) for (let row = 0; row < rows; row++) bools[row * total] = 1;
        const inputs = [
          tensors(all, rows, size, 1),
          tensors(heads, length, size, 2),
          tensors(heads, length, width, 3),
          masks[mask as keyof typeof masks],
          past > 0 ? normals([batch, heads, past, size], 5) : undefined,
          past > 0 ? normals([batch, heads, past, width], 6) : undefined,
        ];
        const attributes = {
          is_causal: int(causal ? 1 : 0),
          ...(flat && { q_num_heads: int(all), kv_num_heads: int(heads) }),
          ...(scale !== undefined && { scale: float(scale) }),
          ...(cap !== undefined && { softcap: float(cap) }),
          qk_matmul_output_mode: int(mode),
        };
        const sources: Source[] = ["fed", given.source, given.source, given.source];
        const outputs = past > 0 ? (["float32", "float32", "float32", "float32"] as const) : (["float32"] as const);
        await agrees({ op: "Attention", set: 23, inputs, sources, attributes, outputs });
      },
    ),
    { numRuns: 100, seed: 1 },
  ));
