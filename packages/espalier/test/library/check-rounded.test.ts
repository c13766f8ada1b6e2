import { describe, expect, it } from "vitest";
import { checkRounded } from "../../src/library/check-rounded.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { float32 } from "../../src/onnx/tensor.ts";

const model = emptyModel("two");
model.initializers.set("a", float32([9, 10]));
model.initializers.set("b", float32([10]));

describe("weights that are not rounded", () => {
  it("are named with their share, where that is not next to nothing", () => {
    const notes: string[] = [];
    checkRounded(model, ["a"], (text) => notes.push(text));
    expect(notes).toEqual(["10.0% of the weights stay as they are: b."]);
    checkRounded(model, ["a", "b"], (text) => notes.push(text));
    expect(notes).toHaveLength(1);
  });

  it("are a mistake where they are all", () => {
    expect(() => checkRounded(model, [], () => {})).toThrow('No weight of "two" can be rounded');
  });
});
