import { describe, expect, it } from "vitest";
import { float32 } from "../../src/onnx/tensor.ts";
import { withParameters } from "../../src/training/parameters.ts";
import { blobNet } from "../blobs.ts";

describe("a network with other parameters", () => {
  it("shares nodes and tensors with the one it was made of, but neither lists nor maps", () => {
    const model = blobNet();
    const changed = withParameters(model, new Map([["fc1.bias", float32([12])]]));
    expect(changed.nodes).toEqual(model.nodes);
    expect(changed.nodes.every((node, i) => node === model.nodes[i])).toBe(true);
    expect([...changed.initializers.keys()]).toEqual([...model.initializers.keys()]);
    changed.metadata.set("note", "of the copy");
    changed.nodes.pop();
    expect(model.metadata.has("note")).toBe(false);
    expect(model.nodes.length).toBe(changed.nodes.length + 1);
  });

  it("has none of another shape, which would be broadcast along another axis", () => {
    const model = blobNet();
    for (const dims of [[12, 1], [1, 12], [11], []]) {
      const given = new Map([["fc1.bias", float32(dims)]]);
      expect(() => withParameters(model, given)).toThrow(/"fc1\.bias" of .* has the shape \[12\], not \[/);
    }
  });
});
