import { describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { glob } from "../../src/operators/glob.ts";

describe("globs", () => {
  it.each<[string, string[], string[]]>([
    ["conv*", ["conv", "conv1", "conv_final"], ["fc1", "aconv", "conv/1"]],
    ["*", ["fc1", ""], ["a/b"]],
    ["**", ["fc1", "a/b/c"], []],
    ["/model/**/Conv*", ["/model/Conv", "/model/a/b/Conv_1"], ["/model/a/Conv/x", "/Conv"]],
    ["fire?.conv3x3*", ["fire2.conv3x3_2"], ["fire10.conv3x3_2", "fire.conv3x3"]],
    ["fc[12]", ["fc1", "fc2"], ["fc3", "fc", "fc12"]],
    ["fc[^1-3]", ["fc4", "fca"], ["fc2"]],
    ["{conv,fc}*", ["conv1", "fc1"], ["pool1"]],
    ["{a,b{c,d}}1", ["a1", "bc1", "bd1"], ["b1", "ab1"]],
    ["a\\*b", ["a*b"], ["axb"]],
    ["a.b", ["a.b"], ["axb"]],
    ["e\u0301*", ["e\u0301x"], ["ex"]],
  ])("%s", (pattern, these, others) => {
    const fits = glob(pattern);
    for (const name of these) expect(fits(name), name).toBe(true);
    for (const name of others) expect(fits(name), name).toBe(false);
  });

  it("refuse what is not closed, and lists of thousands", () => {
    for (const pattern of ["a[b", "a{b", "{a,b".repeat(2), `${"{a,b}".repeat(20)}`]) {
      expect(() => glob(pattern), pattern).toThrow(UserError);
    }
  });

  it("with many stars take no longer than the lengths of pattern and name", () => {
    const fits = glob(`${"*a".repeat(50)}b`);
    expect(fits("a".repeat(20_000))).toBe(false);
    expect(fits(`${"a".repeat(20_000)}b`)).toBe(true);
  });
});
