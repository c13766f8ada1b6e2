import { create, toBinary } from "@bufbuild/protobuf";
import { nodeEngine } from "../../src/engine/node.ts";
import { TrainedNetSchema } from "../../src/import/caffe/caffe_pb.ts";
import { importCaffe } from "../../src/import/caffe/import-caffe.ts";
import type { ImageShape } from "../../src/import/caffe/input.ts";
import { readPrototxt } from "../../src/import/caffe/net.ts";
import type { TrainedLayer, WeightFile } from "../../src/import/caffe/weights.ts";
import type { Model } from "../../src/onnx/graph.ts";
import { type FloatTensor, float32, sizeOf } from "../../src/onnx/tensor.ts";
import { random } from "../../src/random.ts";

export const bytesOf = (text: string) => new TextEncoder().encode(text);

export const netOf = (text: string) => readPrototxt(bytesOf(text), "net.prototxt");

/** A tensor of numbers between -1 and 1. */
export function noise(dims: readonly number[], seed: number, name = ""): FloatTensor {
  const { uniform } = random(seed, "noise", name);
  return float32(
    dims,
    Float32Array.from({ length: sizeOf(dims) }, () => 2 * uniform() - 1),
  );
}

/** Weights for any network: noise where none are given, remembered by layer. */
export class NoiseWeights implements WeightFile {
  readonly blobs = new Map<string, FloatTensor[]>();
  readonly #given: ReadonlyMap<string, number[][]>;
  layers: readonly TrainedLayer[] = [];

  constructor(given: Record<string, number[][]> = {}) {
    this.#given = new Map(Object.entries(given));
  }

  read(layers: readonly TrainedLayer[]): FloatTensor[][] {
    this.layers = layers;
    return layers.map(({ name, blobs }) => {
      const own = this.#given.get(name);
      const tensors = blobs.map((dims, i) => (own ? float32(dims, Float32Array.from(own[i])) : noise(dims, i, name)));
      this.blobs.set(name, tensors);
      return tensors;
    });
  }
}

/** A network with noise for weights, where none are given. */
export function imported(text: string, shape: ImageShape = {}, given: Record<string, number[][]> = {}) {
  const weights = new NoiseWeights(given);
  return { ...importCaffe(netOf(text), weights, shape), weights };
}

/** Runs a model and gives its outputs. */
export async function run(model: Model, feeds: Record<string, FloatTensor>): Promise<Record<string, FloatTensor>> {
  const program = await nodeEngine({ device: "cpu", threads: 1 }).compile(model);
  try {
    return (await program.run(feeds)) as Record<string, FloatTensor>;
  } finally {
    await program.release();
  }
}

const rawBytes = ({ data }: FloatTensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** The forms in which a .caffemodel can hold its weights. */
export const forms = {
  new: (blobs: Map<string, FloatTensor[]>) => ({
    layer: Array.from(blobs, ([name, tensors]) => ({
      name,
      blobs: tensors.map((t) => ({ shape: { dim: t.dims.map(BigInt) }, data: [rawBytes(t)] })),
    })),
  }),
  double: (blobs: Map<string, FloatTensor[]>) => ({
    layer: Array.from(blobs, ([name, tensors]) => ({
      name,
      blobs: tensors.map((t) => ({
        shape: { dim: t.dims.map(BigInt) },
        doubleData: [new Uint8Array(Float64Array.from(t.data).buffer)],
      })),
    })),
  }),
  old: (blobs: Map<string, FloatTensor[]>) => ({
    layers: Array.from(blobs, ([name, tensors]) => ({
      name,
      blobs: tensors.map((t) => {
        const [num, channels, height, width] = [1, 1, 1, 1, ...t.dims].slice(-4).map(BigInt);
        return { num, channels, height, width, data: [rawBytes(t)] };
      }),
    })),
  }),
  /** A packed field in two pieces, as protobuf allows. */
  pieces: (blobs: Map<string, FloatTensor[]>) => ({
    layer: Array.from(blobs, ([name, tensors]) => ({
      name,
      blobs: tensors.map((t) => ({
        shape: { dim: t.dims.map(BigInt) },
        data: [rawBytes(t).subarray(0, 4), rawBytes(t).subarray(4)],
      })),
    })),
  }),
};

export function caffemodelOf(blobs: Map<string, FloatTensor[]>, form: keyof typeof forms = "new"): Uint8Array {
  return toBinary(TrainedNetSchema, create(TrainedNetSchema, forms[form](blobs)));
}
