import { expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { noteZeroStates, zeroStates } from "../../src/onnx/states.ts";

it("reads the states that it noted, and refuses what is of another form", () => {
  const model = { metadata: new Map<string, string>() };
  expect(zeroStates(model)).toEqual([]);
  const states = [{ input: "h", output: "hN" }];
  noteZeroStates(model, states);
  expect(zeroStates(model)).toEqual(states);
  for (const text of ["", "{}", "h", "[null]", '[["h"]]', '[["h",1]]']) {
    for (const key of model.metadata.keys()) model.metadata.set(key, text);
    expect(() => zeroStates(model)).toThrow(UserError);
  }
});
