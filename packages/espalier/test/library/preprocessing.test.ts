import { describe, expect, it } from "vitest";
import { PREPROCESSING_KEY, sampleShape } from "../../src/data/preprocessing.ts";
import { preprocessingFor } from "../../src/library/preprocessing.ts";
import type { NumericType } from "../../src/onnx/dtype.ts";
import { type Dim, emptyModel, type Model } from "../../src/onnx/graph.ts";

function taking(shape: readonly Dim[], dtype: NumericType = "float32"): Model {
  const model = emptyModel("net");
  model.inputs.push({ name: "x", dtype, shape });
  return model;
}

const assume = { assume: true };

describe("how photographs become an input", () => {
  it("is not guessed where nobody allows it", () => {
    expect(preprocessingFor(taking(["n", 3, 8, 8]))).toBeUndefined();
  });

  it("is chosen where that is allowed, and said", () => {
    const notes: string[] = [];
    const onNote = (text: string) => notes.push(text);
    expect(preprocessingFor(taking(["n", 3, 8, 8]), {}, { assume: true, onNote })).toEqual({
      resize: 8,
      crop: [8, 8],
      channels: "RGB",
      mean: [127.5, 127.5, 127.5],
      scale: [1 / 127.5, 1 / 127.5, 1 / 127.5],
    });
    expect(notes).toEqual([
      "Nothing says how photographs become the input, so this is chosen: the middle 8x8 of a shorter side of 8, RGB, (value - 127.5) / 127.5.",
    ]);
    expect(preprocessingFor(taking(["n", 1, 8, 20]), {}, assume)).toMatchObject({ resize: [8, 20], channels: "GRAY" });
  });

  it("is only completed where some of it is said", () => {
    const notes: string[] = [];
    const onNote = (text: string) => notes.push(text);
    const given = { mean: [127], scale: [1 / 128] };
    const found = preprocessingFor(taking([1, 3, 240, 320]), given, { assume: true, onNote });
    expect(found).toEqual({
      resize: undefined,
      crop: [240, 320],
      channels: "RGB",
      mean: [127, 127, 127],
      scale: Array(3).fill(1 / 128),
    });
    expect(notes).toEqual([]);
    const model = taking([1, 3, 8, 8]);
    model.metadata.set(
      PREPROCESSING_KEY,
      JSON.stringify({ crop: [8, 8], channels: "BGR", mean: [1, 2, 3], scale: [1, 1, 1] }),
    );
    expect(preprocessingFor(model, {}, assume)).toMatchObject({ channels: "BGR", mean: [1, 2, 3] });
  });

  it("takes its size from an option where the input leaves it open", () => {
    expect(() => preprocessingFor(taking(["n", 3, 48, "w"]), {}, assume)).toThrow(/input is open: give size/);
    const stretched = preprocessingFor(taking(["n", 3, "h", "w"]), { resize: [48, 96] }, assume);
    expect(stretched).toMatchObject({ resize: [48, 96], crop: [48, 96] });
    expect(() => preprocessingFor(taking(["n", 3, "h", "w"]), { resize: 48 }, assume)).toThrow(/give size/);
    const given = { size: [48, 320], channels: "BGR" } as const;
    expect(preprocessingFor(taking(["n", 3, 48, "w"]), given, assume)).toMatchObject({
      resize: [48, 320],
      crop: [48, 320],
    });
    expect(preprocessingFor(taking(["n", 3, 48, "w"]), { ...given, resize: 60, crop: [48, 300] })).toMatchObject({
      resize: 60,
      crop: [48, 300],
    });
  });

  it("has the channels where the input has them, and bytes as they are", () => {
    const last = preprocessingFor(taking(["n", 6, 8, 3], "uint8"), {}, assume);
    expect(last).toMatchObject({ layout: "NHWC", crop: [6, 8], mean: [0, 0, 0], scale: [1, 1, 1] });
    expect(last && sampleShape(last)).toEqual([6, 8, 3]);
    const flat = preprocessingFor(taking(["n", 6, 8]), {}, assume);
    expect(flat).toMatchObject({ channels: "GRAY", crop: [6, 8] });
    const first = preprocessingFor(taking(["n", 3, 8, 3]), {}, assume);
    expect(first?.layout).toBeUndefined();
    expect(first && sampleShape(first)).toEqual([3, 8, 3]);
  });
});
