import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession } from "onnxruntime-node";
import type { Model } from "../../src/onnx/graph.ts";
import { readModel } from "../../src/onnx/read.ts";
import { writeModel } from "../../src/onnx/write.ts";

/** The operators that ONNX Runtime makes of a network, in their order. */
export async function optimized(model: Model): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "espalier-optimized-"));
  try {
    const optimizedModelFilePath = join(folder, "model.onnx");
    const options = { optimizedModelFilePath, graphOptimizationLevel: "extended", logSeverityLevel: 4 } as const;
    const session = await InferenceSession.create(writeModel(model), options);
    await session.release();
    return readModel(readFileSync(optimizedModelFilePath)).nodes.map(({ op }) => op);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
