import { type Dataset, type Engine, lookAtSamples, type Model, type NumericTensor, outputsAlong } from "espalier";
import type { Look } from "../told.ts";

/** Samples of a recording that are drawn, and of other inputs that are shown. */
const [ALONG, SHOWN] = [600, 4];
const NUMBERS = 8;

/** A few inputs with what two networks say of them: as pictures where they are some, else as numbers. */
export async function lookAt(engine: Engine, before: Model, after: Model, data: Dataset): Promise<Look> {
  const looks = await lookAtSamples(engine, before, after, data);
  if (looks.length > 0) return { kind: "pictures", looks };
  const along = data.test.stream !== undefined;
  const count = along ? ALONG : SHOWN;
  const [a, b] = [await outputsAlong(engine, before, data, count), await outputsAlong(engine, after, data, count)];
  const output = before.outputs[0]?.name ?? "";
  const single = a.every(([first]) => first?.data.length === 1);
  if (along && single) {
    return {
      kind: "line",
      output,
      before: a.map(([first]) => numbers(first)[0]),
      after: b.map(([first]) => numbers(first)[0]),
    };
  }
  const rows = a.slice(0, SHOWN).map(([first], index) => ({
    index,
    before: numbers(first).slice(0, NUMBERS),
    after: numbers(b[index]?.[0]).slice(0, NUMBERS),
  }));
  return { kind: "numbers", output, rows };
}

const numbers = (tensor: NumericTensor | undefined) =>
  tensor ? Array.from<number | bigint, number>(tensor.data.subarray(0, NUMBERS), Number) : [];
