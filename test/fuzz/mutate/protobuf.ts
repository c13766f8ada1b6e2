import { concat } from "../../../packages/espalier/src/coding/split.ts";
import type { Random } from "../../../packages/espalier/src/random.ts";
import { changes, EXTREMES, flipped, noise, oneOf } from "./bytes.ts";

/** A field of a message as it lies in the file; what may be a message itself has fields. */
interface Field {
  number: number;
  wire: number;
  /** Of a varint its value, of all else its bytes. */
  value: bigint | Uint8Array;
  fields?: Field[];
}

/** Messages within messages are looked into so deep. */
const DEEPEST = 12;

/** The fields of a message; undefined where the bytes are none. */
function fieldsIn(bytes: Uint8Array, depth = DEEPEST): Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (at >= bytes.length) return undefined;
      const byte = bytes[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const key = varint();
    if (key === undefined || key < 8n || key >= 2n ** 32n) return undefined;
    const [number, wire] = [Number(key >> 3n), Number(key & 7n)];
    if (wire === 0) {
      const value = varint();
      if (value === undefined) return undefined;
      fields.push({ number, wire, value });
      continue;
    }
    const length = wire === 2 ? varint() : { 1: 8n, 5: 4n }[wire];
    if (length === undefined || length > BigInt(bytes.length - at)) return undefined;
    const value = bytes.subarray(at, at + Number(length));
    at += Number(length);
    const inside = wire === 2 && value.length > 1 && depth > 0 ? fieldsIn(value, depth - 1) : undefined;
    fields.push({ number, wire, value, fields: inside });
  }
  return fields;
}

function varintOf(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let left = BigInt.asUintN(64, value);
  for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128);
  return Uint8Array.from([...bytes, Number(left)]);
}

function bytesOf(fields: readonly Field[]): Uint8Array {
  return concat(
    fields.flatMap(({ number, wire, value, fields: inside }) => {
      const key = varintOf(BigInt(number) * 8n + BigInt(wire));
      if (typeof value === "bigint") return [key, varintOf(value)];
      const bytes = inside ? bytesOf(inside) : value;
      return wire === 2 ? [key, varintOf(BigInt(bytes.length)), bytes] : [key, bytes];
    }),
  );
}

/** All lists of fields in a message, its own first. */
function listsIn(fields: Field[]): Field[][] {
  return [fields, ...fields.flatMap(({ fields: inside }) => (inside ? listsIn(inside) : []))];
}

const copied = (field: Field): Field => ({ ...field, fields: field.fields?.map(copied) });

/**
 * A message with one to four changes to its fields, of which all lengths are right: left out, doubled, in another order,
 * of another number or type, with an extreme value, or what a field of the same number holds elsewhere.
 * @param others other whole messages
 */
export function mutatedMessage(draw: Random, message: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const fields = fieldsIn(message);
  if (!fields) return message;
  for (let times = changes(draw); times > 0; times--) {
    const lists = listsIn(fields).filter(({ length }) => length > 0);
    if (lists.length === 0) break;
    const list = oneOf(draw, lists);
    const at = draw.below(list.length);
    const field = list[at];
    switch (draw.below(10)) {
      case 0:
        list.splice(at, 1);
        break;
      case 1:
        list.splice(draw.below(list.length + 1), 0, copied(field));
        break;
      case 2: {
        const other = draw.below(list.length);
        [list[at], list[other]] = [list[other], list[at]];
        break;
      }
      case 3:
        field.number = draw.below(3) ? oneOf(draw, list).number : 1 + draw.below(20);
        break;
      case 4:
      case 5:
        changeValue(draw, field);
        break;
      case 6:
        swapContents(draw, field, fields, others);
        break;
      case 7: {
        // A field of another message comes too.
        const from = oneOf(draw, listsIn(fieldsIn(oneOf(draw, others)) ?? fields));
        if (from.length > 0) list.splice(at, 0, copied(oneOf(draw, from)));
        break;
      }
      case 8:
        if (draw.below(8) === 0) nest(draw, field);
        else changeValue(draw, field);
        break;
      default:
        field.wire = oneOf(draw, [0, 1, 2, 5]);
        field.fields = undefined;
        if (field.wire === 0) field.value = oneOf(draw, EXTREMES);
        else field.value = noise(draw, field.wire === 1 ? 8 : field.wire === 5 ? 4 : draw.below(12));
    }
  }
  return bytesOf(fields);
}

function changeValue(draw: Random, field: Field): void {
  const { value } = field;
  if (typeof value === "bigint") {
    field.value = draw.below(3) ? oneOf(draw, EXTREMES) : value + BigInt(draw.below(9) - 4);
  } else if (field.wire === 5 && draw.below(2)) {
    field.value = new Uint8Array(
      Float32Array.of(oneOf(draw, [0, -1, 1e-45, 1e38, Number.NaN, Number.POSITIVE_INFINITY, 0.5, -3e9])).buffer,
    );
  } else if (!field.fields && value.length > 0) {
    const own = draw.below(4);
    if (own === 0) field.value = value.subarray(0, draw.below(value.length));
    else if (own === 1) field.value = flipped(draw, value);
    else if (own === 2) field.value = concat([value, noise(draw, 1 + draw.below(8))]);
    else field.value = packed(draw);
  } else if (field.wire === 2) field.value = packed(draw);
}

/** What repeated numbers may be packed as: a shape, axes, pads. */
function packed(draw: Random): Uint8Array {
  const number = () => (draw.below(3) ? BigInt(draw.below(6)) : oneOf(draw, EXTREMES));
  return concat(Array.from({ length: draw.below(6) }, () => varintOf(number())));
}

/** Gives a field what another of its number and type holds, in this message or another. */
function swapContents(draw: Random, field: Field, fields: Field[], others: readonly Uint8Array[]): void {
  const from = draw.below(2) ? fields : (fieldsIn(oneOf(draw, others)) ?? fields);
  const like = listsIn(from)
    .flat()
    .filter(({ number, wire }) => number === field.number && wire === field.wire);
  if (like.length === 0) return;
  const { value, fields: inside } = copied(oneOf(draw, like));
  field.value = value;
  field.fields = inside;
}

/** Puts a field into itself, again and again. */
function nest(draw: Random, field: Field): void {
  if (!field.fields) return;
  for (let depth = 1 << draw.below(10); depth > 0; depth--) {
    field.fields = [{ number: field.number, wire: 2, value: new Uint8Array(0), fields: field.fields }];
  }
}
