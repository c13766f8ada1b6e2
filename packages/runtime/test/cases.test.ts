import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Network } from "../src/network/network.ts";

/** Small networks that older versions of the runtime computed wrongly, what is fed to each, and what is right. */
interface Case {
  readonly feeds: Readonly<Record<string, Listed>>;
  readonly right: Readonly<Record<string, Listed>>;
}

interface Listed {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

const read = (name: string) => readFileSync(new URL(`fixtures/cases/${name}`, import.meta.url));
const cases: Readonly<Record<string, Case>> = JSON.parse(read("cases.json").toString());

describe.each(["simd", "plain"] as const)("with %s kernels", (kernels) => {
  it.each(Object.keys(cases))("%s is computed as ONNX defines it", async (name) => {
    const { feeds, right } = cases[name];
    const network = await Network.load(read(`${name}.onnx`), { kernels });
    const found = network.run(
      Object.fromEntries(
        Object.entries(feeds).map(([input, { dims, data }]) => [input, { dims, data: Float32Array.from(data) }]),
      ),
    );
    expect(Object.keys(found)).toEqual(Object.keys(right));
    for (const [output, { dims, data }] of Object.entries(right)) {
      expect(found[output].dims).toEqual(dims);
      for (const [i, value] of data.entries()) expect(Number(found[output].data[i])).toBeCloseTo(value, 5);
    }
  });
});
