import { expect, it } from "vitest";
import { UserError } from "../../../src/errors.ts";
import { readAddress } from "../../../src/jobs/queue/address.ts";

it("an address says where a queue is", () => {
  expect(readAddress("redis://localhost")).toEqual({
    host: "localhost",
    port: 6379,
    db: 0,
    tls: false,
    shown: "redis://localhost",
  });
  expect(readAddress("rediss://espalier:p%40ss%3a@[::1]:7000/3")).toEqual({
    host: "::1",
    port: 7000,
    username: "espalier",
    password: "p@ss:",
    db: 3,
    tls: true,
    shown: "rediss://[::1]:7000/3",
  });
});

it("what is no address is refused, and not repeated", () => {
  for (const text of [
    "",
    "localhost:6379",
    "http://secret@localhost",
    "redis://",
    "redis://:secret@",
    "redis://:secret%zz@localhost",
    "redis://secret@localhost/x",
    "redis://secret@localhost/1/2",
    "redis://secret@localhost?db=1",
    "redis://secret@localhost#1",
    "redis://secret@localhost:70000",
  ]) {
    expect(() => readAddress(text), text).toThrow(UserError);
    expect(() => readAddress(text), text).toThrow(/^(?!.*secret).*write it as redis:/);
  }
});
