import { describe, expect, it } from "vitest";
import { UserError } from "../../../src/errors.ts";
import { errorOf } from "../../../src/jobs/messages.ts";
import { checkPlain, inputOf, MOST_BYTES, messageOf, readReason, reasonOf } from "../../../src/jobs/queue/message.ts";

describe("a message", () => {
  it("has the id of its work, whatever the order of names", () => {
    const { id, input } = messageOf("square", { x: 2, y: { a: [1, null], b: "" } }, "1");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(messageOf("square", { y: { b: "", a: [1, null] }, x: 2, z: undefined }, "1").id).toBe(id);
    expect(input).toEqual({ x: 2, y: { a: [1, null], b: "" } });
    const others = [
      messageOf("cube", input, "1"),
      messageOf("square", input, "2"),
      messageOf("square", { x: 2, y: { a: [null, 1], b: "" } }, "1"),
      messageOf("square", [["x", 2]], "1"),
      messageOf("square", { x: 2 }, "1"),
    ];
    expect(new Set([id, ...others.map((other) => other.id)])).toHaveLength(6);
  });

  it("arrives as it was sent, or is refused", () => {
    const { id, input } = messageOf("square", { x: 2 }, "1");
    expect(inputOf({ id, name: "square", data: { input } }, "1")).toEqual({ x: 2 });
    for (const other of [
      { id: "0".repeat(64), name: "square", data: { input } },
      { id, name: "cube", data: { input } },
      { id, name: "square", data: { input: { x: 3 } } },
      { id, name: "square", data: { input, more: 1 } },
      { id, name: "square", data: { input: "x".repeat(MOST_BYTES) } },
      { id, name: "square", data: {} },
      { id, name: "square", data: null },
      { name: "square", data: "" },
    ]) {
      expect(() => inputOf(other, "1")).toThrow(UserError);
    }
    expect(() => inputOf({ id, name: "square", data: { input } }, "2")).toThrow("is none that Espalier sends");
  });

  it("carries plain JSON alone, and little of it", () => {
    for (const value of [
      undefined,
      Number.NaN,
      1n,
      () => 0,
      new Map(),
      Float32Array.of(1),
      [undefined],
      { x: new Date() },
    ]) {
      expect(() => checkPlain(value, "It")).toThrow("It is no plain JSON");
    }
    expect(() => checkPlain("é".repeat(MOST_BYTES / 2), "It")).toThrow("It has 65538 bytes: 65536 at most");
    expect(checkPlain("é".repeat(MOST_BYTES / 2 - 1), "It")).toHaveLength(MOST_BYTES / 2 - 1);
  });
});

it("a reason carries what a job threw, cut to what a person reads", () => {
  for (const error of [new UserError("fix it"), new TypeError("a fault")]) {
    const read = readReason(reasonOf(error));
    if (!read || "stopped" in read) throw new Error("It is no failure.");
    expect(errorOf(read)).toMatchObject({ message: error.message, stack: expect.stringContaining(error.message) });
    expect(errorOf(read) instanceof UserError).toBe(error instanceof UserError);
  }
  expect(reasonOf(new Error("x".repeat(1e6))).length).toBeLessThan(10_000);
  expect(readReason("job stalled more than allowable limit")).toBeUndefined();
  expect(readReason('{"message":1}')).toBeUndefined();
});
