import { fieldsOf, type Hole, holeOf, type Kind, kindOf, RAW_DATA, varintOf } from "../runtime/graph.ts";

/** A tensor that was taken out of a graph. */
export interface Taken extends Hole {
  readonly bytes: Uint8Array;
}

/**
 * Takes the bytes of tensors out of an ONNX file; `piecesOf` of the runtime puts them back.
 * @param takes which tensors
 * @returns the file without them, and the tensors in its order
 */
export function split(file: Uint8Array, takes: (tensor: Taken) => boolean): { graph: Uint8Array; tensors: Taken[] } {
  const tensors: Taken[] = [];
  return { graph: without(file, "model", takes, tensors), tensors };
}

function without(bytes: Uint8Array, kind: Kind, takes: (tensor: Taken) => boolean, tensors: Taken[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let kept = 0;
  for (const field of fieldsOf(bytes)) {
    const inner = kindOf(kind, field);
    const content = bytes.subarray(field.from, field.to);
    let shorter: Uint8Array;
    if (inner) {
      shorter = without(content, inner, takes, tensors);
    } else {
      if (kind !== "tensor" || field.number !== RAW_DATA || content.length === 0) continue;
      const tensor = { ...holeOf(bytes), bytes: content };
      if (!takes(tensor)) continue;
      tensors.push(tensor);
      shorter = new Uint8Array(0);
    }
    if (shorter.length === content.length) continue;
    parts.push(bytes.subarray(kept, field.start), varintOf(8 * field.number + 2), varintOf(shorter.length), shorter);
    kept = field.to;
  }
  return concat([...parts, bytes.subarray(kept)]);
}

/** Bytes behind one another. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
