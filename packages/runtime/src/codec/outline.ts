import { Damage } from "./damage.ts";
import { DEEPEST, varintAt, varintOf } from "./messages.ts";

/** Fields of ONNX's messages that hold messages, by their kinds, or texts. */
export const OUTLINE: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: {
    2: "text",
    3: "text",
    4: "text",
    6: "text",
    7: "graph",
    8: "pair",
    14: "pair",
    20: "training",
    25: "function",
  },
  training: { 1: "graph", 2: "graph", 3: "pair", 4: "pair" },
  graph: { 1: "node", 2: "text", 5: "tensor", 10: "text", 11: "value", 12: "value", 13: "value", 15: "sparse" },
  function: {
    1: "text",
    4: "text",
    5: "text",
    6: "text",
    7: "node",
    8: "text",
    9: "pair",
    10: "text",
    11: "attribute",
  },
  node: { 1: "text", 2: "text", 3: "text", 4: "text", 5: "attribute", 6: "text", 7: "text", 8: "text" },
  attribute: { 1: "text", 4: "text", 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 13: "text" },
  tensor: { 8: "text", 12: "text", 13: "pair" },
  sparse: { 1: "tensor", 2: "tensor" },
  value: { 1: "text", 2: "type", 3: "text" },
  type: { 1: "elements" },
  elements: { 2: "shape" },
  shape: { 1: "dim" },
  dim: { 2: "text", 3: "text" },
  pair: { 1: "text", 2: "text" },
};

/** Ends a message or a text in an outline. */
export const END = 0;

interface Written {
  readonly parts: Uint8Array[];
  readonly size: number;
}

/**
 * Makes a message of its outline: the same bytes, where messages and texts within end in a 0 instead of beginning with
 * their length, which hangs on all that follows.
 * @throws Damage when it is none
 */
export function fromOutline(outline: Uint8Array): Uint8Array {
  let at = 0;
  const take = (end: number): Uint8Array => {
    if (end > outline.length) throw new Damage("an outline that is cut short");
    const taken = outline.subarray(at, end);
    at = end;
    return taken;
  };
  const message = (kind: string, depth: number): Written => {
    if (depth > DEEPEST) throw new Damage("messages within messages without end");
    const parts: Uint8Array[] = [];
    let size = 0;
    const add = (part: Uint8Array) => {
      parts.push(part);
      size += part.length;
    };
    while (depth > 0 ? outline[at] !== END : at < outline.length) {
      const tag = varintAt(outline, at);
      add(take(tag.end));
      const wire = tag.value % 8;
      const inner = wire === 2 ? OUTLINE[kind][Math.floor(tag.value / 8)] : undefined;
      if (inner === "text") {
        const end = outline.indexOf(END, at);
        if (end < 0) throw new Damage("an outline that is cut short");
        add(varintOf(end - at));
        add(take(end));
        at++;
      } else if (inner) {
        const within = message(inner, depth + 1);
        add(varintOf(within.size));
        for (const part of within.parts) parts.push(part);
        size += within.size;
        at++;
      } else {
        const first = wire === 0 || wire === 2 ? varintAt(outline, at) : { value: wire === 1 ? 8 : 4, end: at };
        if (wire > 2 && wire !== 5) throw new Damage("an outline of what is no message");
        add(take(wire === 0 ? first.end : first.end + first.value));
      }
    }
    return { parts, size };
  };
  const { parts, size } = message("model", 0);
  const whole = new Uint8Array(size);
  let to = 0;
  for (const part of parts) {
    whole.set(part, to);
    to += part.length;
  }
  return whole;
}
