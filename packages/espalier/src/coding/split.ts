import {
  Damage,
  DEEPEST,
  fieldsOf,
  headOf,
  type Kind,
  kindOf,
  piecesOf,
  RAW_DATA,
  type TensorHead,
  varintOf,
  wordsOf,
} from "espalier-runtime/codec";

/** A tensor that was taken out of a graph. */
export interface Taken extends TensorHead {
  readonly bytes: Uint8Array;
}

/** A file without some of its tensors, and these. */
export interface Split {
  readonly graph: Uint8Array;
  readonly tensors: readonly Taken[];
}

/**
 * Takes the bytes of tensors out of an ONNX file; `piecesOf` of the runtime puts them back.
 * @param takes which tensors
 * @returns the file without them, and the tensors in its order; the whole file and none where they could not be put back
 * so that the very bytes come again: protobuf may write a length in several ways, and a tensor may be empty by mistake
 */
export function split(file: Uint8Array, takes: (tensor: Taken) => boolean): Split {
  try {
    const tensors: Taken[] = [];
    const parts = { graph: without(file, "model", takes, tensors, 0), tensors };
    if (tensors.length > 0 && restores(parts, file)) return parts;
  } catch (error) {
    // What is not a message is kept as it is, too.
    if (!(error instanceof Damage)) throw error;
  }
  return { graph: file, tensors: [] };
}

function without(
  bytes: Uint8Array,
  kind: Kind,
  takes: (tensor: Taken) => boolean,
  tensors: Taken[],
  depth: number,
): Uint8Array {
  if (depth > DEEPEST) throw new Damage("messages within messages without end");
  const parts: Uint8Array[] = [];
  let kept = 0;
  let head: TensorHead | undefined;
  for (const field of fieldsOf(bytes)) {
    const inner = kindOf(kind, field);
    const content = bytes.subarray(field.from, field.to);
    let shorter: Uint8Array;
    if (inner) {
      shorter = without(content, inner, takes, tensors, depth + 1);
    } else {
      if (kind !== "tensor" || field.number !== RAW_DATA || field.wire !== 2 || content.length === 0) continue;
      head ??= headOf(bytes);
      const tensor = { ...head, bytes: content };
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

/** Whether a decoder makes the very file of its parts. */
function restores({ graph, tensors }: Split, file: Uint8Array): boolean {
  let at = 0;
  let next = 0;
  for (const piece of piecesOf(graph, wordsOf, tensors.length)) {
    if (piece instanceof Uint8Array) {
      for (let i = 0; i < piece.length; i++) if (piece[i] !== file[at + i]) return false;
      at += piece.length;
    } else {
      const bytes = tensors[next++]?.bytes;
      if (bytes?.length !== piece.bytes || bytes.byteOffset !== file.byteOffset + at) return false;
      at += piece.bytes;
    }
  }
  return next === tensors.length && at === file.length;
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
