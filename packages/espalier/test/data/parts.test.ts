import { describe, expect, it } from "vitest";
import { inParts } from "../../src/data/parts.ts";

describe("paths from a folder", () => {
  it("are in parts where there are folders for training and for another part", () => {
    expect([...inParts(["val/c.png", "train/b.png", "train/a.png"])]).toEqual([
      ["train", { prefix: "train/", files: ["train/a.png", "train/b.png"] }],
      ["validation", { prefix: "val/", files: ["val/c.png"] }],
    ]);
  });

  it("are all together elsewhere", () => {
    const paths = ["a.png", "cats/test/b.png", "train/c.png"];
    expect([...inParts(paths)]).toEqual([["all", { prefix: "", files: paths }]]);
  });

  it("are refused where two folders are one part, of which one would be left out", () => {
    expect(() => inParts(["train/a.png", "valid/b.png", "val/c.png"])).toThrow(
      "The folder has the folders valid and val: leave one of them.",
    );
  });
});
