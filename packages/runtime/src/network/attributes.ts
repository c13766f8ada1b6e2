import type { Constant } from "./constant.ts";
import type { Attribute, Graph } from "./graph.ts";

/** What an operator reads of an attribute. */
export interface AttributeReader<T> {
  /**
   * The value of an attribute, or of one that is left out.
   * @throws Refusal when it is none that the operator's kernel computes
   */
  read(attribute: Attribute | undefined): T;
}

/** Why an attribute is not read, as the end of a sentence. */
export class Refusal extends Error {}

function reader<T>(kind: Attribute["kind"], read: (attribute: Attribute) => T | undefined, absent?: () => T) {
  return {
    read(attribute: Attribute | undefined): T {
      if (!attribute) {
        if (absent) return absent();
        throw new Refusal("is missing");
      }
      const value = read(attribute);
      if (value === undefined) throw new Refusal(`is not of the type ${kind}`);
      return value;
    },
  };
}

const orNothing = () => undefined;

/** A whole number; needed where `absent` is not given. */
export function int(absent?: number): AttributeReader<number> {
  return reader("int", (a) => (a.kind === "int" ? a.value : undefined), absent === undefined ? absent : () => absent);
}

/** A whole number that may be left out. */
export function optionalInt(): AttributeReader<number | undefined> {
  return reader<number | undefined>("int", (a) => (a.kind === "int" ? a.value : undefined), orNothing);
}

/** 0 or 1. */
export function flag(absent: boolean): AttributeReader<boolean> {
  return reader(
    "int",
    (a) => {
      if (a.kind !== "int") return undefined;
      if (a.value !== 0 && a.value !== 1) throw new Refusal(`is ${a.value}, neither 0 nor 1`);
      return a.value === 1;
    },
    () => absent,
  );
}

export function float(absent: number): AttributeReader<number> {
  return reader(
    "float",
    (a) => (a.kind === "float" ? a.value : undefined),
    () => absent,
  );
}

/** A number that may be left out. */
export function optionalFloat(): AttributeReader<number | undefined> {
  return reader<number | undefined>("float", (a) => (a.kind === "float" ? a.value : undefined), orNothing);
}

/** Whole numbers; undefined where they are left out. */
export function ints(): AttributeReader<readonly number[] | undefined> {
  return reader<readonly number[] | undefined>("ints", (a) => (a.kind === "ints" ? a.value : undefined), orNothing);
}

/** Numbers; undefined where they are left out. */
export function floats(): AttributeReader<readonly number[] | undefined> {
  return reader<readonly number[] | undefined>("floats", (a) => (a.kind === "floats" ? a.value : undefined), orNothing);
}

/** One of a few words, of which the first is meant where none is given. */
export function oneOf<const W extends string>(...words: readonly [W, ...W[]]): AttributeReader<W> {
  return reader<W>(
    "string",
    (a) => {
      if (a.kind !== "string") return undefined;
      const found = words.find((word) => word === a.value);
      if (found === undefined) throw new Refusal(`is "${a.value}", and what is read is ${words.join(", ")}`);
      return found;
    },
    () => words[0],
  );
}

/** Words; undefined where they are left out. */
export function strings(): AttributeReader<readonly string[] | undefined> {
  return reader<readonly string[] | undefined>(
    "strings",
    (a) => (a.kind === "strings" ? a.value : undefined),
    orNothing,
  );
}

/** Any word. */
export function string(absent: string): AttributeReader<string> {
  return reader(
    "string",
    (a) => (a.kind === "string" ? a.value : undefined),
    () => absent,
  );
}

/** A tensor; undefined where it is left out. */
export function tensor(): AttributeReader<Constant | undefined> {
  return reader<Constant | undefined>("tensor", (a) => (a.kind === "tensor" ? a.value : undefined), orNothing);
}

/** A branch or body. */
export function graph(): AttributeReader<Graph> {
  return reader("graph", (a) => (a.kind === "graph" ? a.value : undefined));
}

/** A whole number of which only one value is computed, which is also meant where it is left out. */
export function only(value: number): AttributeReader<number> {
  return {
    read(attribute) {
      if (attribute && !(attribute.kind === "int" && attribute.value === value)) {
        throw new Refusal(`is not ${value}`);
      }
      return value;
    },
  };
}

/** An attribute that changes nothing of what the kernel computes. */
export function unused(): AttributeReader<undefined> {
  return { read: orNothing };
}
