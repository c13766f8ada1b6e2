import { existsSync, readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { Network } from "../src/network/network.ts";
import { CASES, zoo } from "./zoo.ts";

it.skipIf(!existsSync(zoo)).each(CASES)("%s is computed as ONNX Runtime does (../shared/zoo)", async (name, make) => {
  const bytes = readFileSync(new URL(`${name}.onnx`, zoo));
  const feeds = await make();
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 4, intraOpNumThreads: 1 });
  const right = await session.run(
    Object.fromEntries(
      Object.entries(feeds).map(([input, { dims, data }]) => [
        input,
        data instanceof BigInt64Array ? new Tensor("int64", data, dims) : new Tensor(data as Float32Array, dims),
      ]),
    ),
  );
  await session.release();
  const found = (await Network.load(bytes)).run(feeds);
  for (const [output, { dims, data }] of Object.entries(right)) {
    expect(found[output].dims).toEqual(dims);
    const numbers = Array.from(data as Float32Array);
    const most = numbers.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const apart = numbers.reduce((a, b, i) => Math.max(a, Math.abs(b - Number(found[output].data[i]))), 0);
    expect(apart / most, output).toBeLessThan(1e-4);
  }
});
