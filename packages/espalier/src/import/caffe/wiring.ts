import { UserError } from "../../errors.ts";
import { isNameable } from "../../onnx/check.ts";
import type { LayerParameter } from "./caffe_pb.ts";
import { isInput } from "./input.ts";
import type { CaffeNet } from "./net.ts";

/** A blob as one layer leaves it: a layer that works in place makes another state of the blob that it reads. */
export interface BlobState {
  readonly blob: string;
  /** The name of its value in the graph. */
  readonly value: string;
  readonly maker: WiredLayer;
  readonly readers: readonly LayerParameter[];
}

/** A layer with the states that it reads and makes. */
export interface WiredLayer {
  readonly layer: LayerParameter;
  readonly bottoms: readonly BlobState[];
  readonly tops: readonly BlobState[];
}

/**
 * Connects layers by the names of their blobs. The last state of a blob has its name, or the first where that is an
 * input; the others are called BLOB/1, BLOB/2, ...
 * @param layers those of the network to connect; nothing that the others make may be read
 * @throws UserError when a layer reads what no layer before it makes, makes a blob a second time, or one without a name
 */
export function wire(net: CaffeNet, layers: readonly LayerParameter[]): WiredLayer[] {
  const nameOf = namer(layers);
  const current = new Map<string, BlobState & { readonly readers: LayerParameter[] }>();
  return layers.map((layer) => {
    const bottoms = layer.bottom.map((blob) => {
      const state = current.get(blob);
      if (!state) throw unmade(net, layer, blob);
      state.readers.push(layer);
      return state;
    });
    const tops: BlobState[] = [];
    const maker = { layer, bottoms, tops };
    for (const blob of layer.top) {
      if (!isNameable(blob)) {
        throw new UserError(
          `${net.source}: layer "${layer.name}" makes a blob called "${blob}", a name that no value can have: give it another.`,
        );
      }
      const before = current.get(blob);
      if (before && !bottoms.includes(before)) {
        throw new UserError(
          `${net.source}: layer "${layer.name}" makes the blob "${blob}" a second time: give one of the two another name.`,
        );
      }
      const state = { blob, value: nameOf(layer, blob), maker, readers: [] };
      current.set(blob, state);
      tops.push(state);
    }
    return maker;
  });
}

function namer(layers: readonly LayerParameter[]): (layer: LayerParameter, blob: string) => string {
  const last = new Map(layers.flatMap((layer) => layer.top.map((blob) => [blob, layer] as const)));
  const fed = new Set(layers.filter(isInput).flatMap(({ top }) => top));
  const taken = new Set(last.keys());
  return (layer, blob) => {
    if (fed.has(blob) ? isInput(layer) : last.get(blob) === layer) return blob;
    let number = 1;
    while (taken.has(`${blob}/${number}`)) number++;
    taken.add(`${blob}/${number}`);
    return `${blob}/${number}`;
  };
}

function unmade({ source, layers }: CaffeNet, reader: LayerParameter, blob: string): UserError {
  const maker = layers.find(({ top }) => top.includes(blob));
  const why = maker
    ? `which layer "${maker.name}" (${maker.type}) makes, and that is left out or comes later`
    : "which no layer makes in the phase TEST";
  return new UserError(
    `${source}: layer "${reader.name}" reads the blob "${blob}", ${why}: give the prototxt that the network is deployed with.`,
  );
}
