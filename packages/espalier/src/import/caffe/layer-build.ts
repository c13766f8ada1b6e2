import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { UserError } from "../../errors.ts";
import { type Attributes, tensor } from "../../onnx/attributes.ts";
import type { GraphBuilder } from "../../onnx/builder.ts";
import { type FloatTensor, float32 } from "../../onnx/tensor.ts";
import { BATCH, type Blob, numbers, type Shape, tooLarge } from "./blob.ts";
import type { LayerParameter } from "./caffe_pb.ts";
import type { TrainedLayer } from "./weights.ts";

/** Adds what a layer of one type computes to the graph. */
export type LayerRule = (layer: LayerBuild) => void;

/** What all layers of a network have in common. */
export interface NetBuild {
  readonly source: string;
  readonly graph: GraphBuilder;
  /** The size of a batch that the prototxt declares, where it does. */
  readonly batch: number | undefined;
  /** The layers with weights, in order, and where their tensors go. */
  readonly trained: { readonly layer: TrainedLayer; place(tensors: readonly FloatTensor[]): void }[];
  /** The initializers that layers share, by the names that their `param` gives them. */
  readonly shared: Map<string, string>;
}

/** A blob that a layer makes: the name of its value, and who reads it. */
export interface Top {
  readonly value: string;
  readonly readers: readonly LayerParameter[];
}

/** One layer while it is built. */
export class LayerBuild {
  readonly param: LayerParameter;
  readonly net: NetBuild;
  readonly bottoms: readonly Blob[];
  readonly tops: readonly Top[];
  /** The blobs of the tops, as far as they are made. */
  readonly made: Blob[] = [];

  constructor(net: NetBuild, param: LayerParameter, bottoms: readonly Blob[], tops: readonly Top[]) {
    this.net = net;
    this.param = param;
    this.bottoms = bottoms;
    this.tops = tops;
  }

  get graph(): GraphBuilder {
    return this.net.graph;
  }

  /** What is wrong with this layer, for the user. */
  error(what: string): UserError {
    const { name, type } = this.param;
    return new UserError(`${this.net.source}: layer "${name}" (${type}) ${what}.`);
  }

  /** The bottom of a layer that reads and makes one blob. */
  get bottom(): Blob {
    if (this.tops.length !== 1) throw this.error(`makes ${this.tops.length} blobs, and only one can be imported`);
    return this.reads(1)[0];
  }

  /** The bottoms of a layer that reads so many blobs. */
  reads(count: number): readonly Blob[] {
    if (this.bottoms.length !== count)
      throw this.error(`reads ${this.bottoms.length} blobs, and only ${count} can be imported`);
    return this.bottoms;
  }

  /** The bottom of a layer that works on images: [batch, channels, ...size]. */
  get image(): { readonly value: string; readonly channels: number; readonly size: readonly number[] } {
    const { value, shape } = this.bottom;
    const [channels, ...size] = numbers(shape.slice(1)) ?? [];
    if (shape[0] !== BATCH || size.length === 0) throw this.error(`needs images and reads a blob of [${shape}]`);
    return { value, channels, size };
  }

  /** The axis of a shape that a number names; negative ones count from the end. */
  axis(axis: number, { length }: Shape): number {
    const from = axis < 0 ? axis + length : axis;
    if (!(from >= 0 && from < length)) throw this.error(`names axis ${axis} of ${length}`);
    return from;
  }

  /** A parameter message, or its defaults. */
  defaults<Desc extends DescMessage>(schema: Desc, given: MessageShape<Desc> | undefined): MessageShape<Desc> {
    return given ?? create(schema);
  }

  /** Adds a node in between and gives the name of its value. */
  emit(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.graph.emit(op, inputs, attributes, this.graph.fresh(`${this.param.name}/${op}`));
  }

  /** Adds the node that makes the layer's tops, whose shapes these are. */
  finish(op: string, inputs: readonly string[], attributes: Attributes, ...shapes: readonly Shape[]): void {
    if (shapes.length !== this.tops.length)
      throw this.error(`makes ${this.tops.length} blobs where it can make ${shapes.length}`);
    const outputs = this.tops.map(({ value }) => value);
    this.graph.model.nodes.push({ name: this.#nodeName(outputs), op, domain: "", inputs, outputs, attributes });
    for (const [i, shape] of shapes.entries()) this.pass({ value: outputs[i], shape });
  }

  /**
   * The layer's name, or the first output's where another value is called so: the nodes that later take the place of
   * others are called as their outputs, and ONNX Runtime wants no name twice.
   */
  #nodeName([output]: readonly string[]): string {
    const { name } = this.param;
    return this.graph.fresh(name) === name ? name : output;
  }

  /** The shape, when a blob can have it. */
  checked(shape: Shape): Shape {
    const wrong = tooLarge(shape);
    if (wrong) throw this.error(`would make ${wrong}`);
    return shape;
  }

  /** Makes the next top without a node of its own. */
  pass(blob: Blob): void {
    this.checked(blob.shape);
    this.made.push(blob);
  }

  /**
   * Asks for the layer's trained blobs and gives the names of the initializers that will hold them.
   * @param names what follows the layer's name in those of the initializers
   * @param blobs the shapes in the file
   * @param make the initializers' tensors from the blobs; left out: they are the blobs
   */
  trained(
    names: readonly string[],
    blobs: readonly (readonly number[])[],
    make?: (blobs: readonly FloatTensor[]) => readonly FloatTensor[],
  ): string[] {
    const { graph, shared, trained } = this.net;
    const { name: layer, type, param } = this.param;
    const owned = names.map((name, i) => {
      const key = make ? "" : (param[i]?.name ?? "");
      const known = shared.get(key);
      const value = known ?? graph.fresh(`${layer}.${name}`);
      if (key) shared.set(key, value);
      return { value, own: known === undefined };
    });
    trained.push({
      layer: { name: layer, type, blobs },
      place: (tensors) => {
        for (const [i, made] of (make?.(tensors) ?? tensors).entries()) {
          if (owned[i].own) graph.model.initializers.set(owned[i].value, made);
        }
      },
    });
    return owned.map(({ value }) => value);
  }

  /** A constant that training leaves alone: numbers in the given shape. */
  constant(dims: readonly number[], data: readonly number[]): string {
    return this.emit("Constant", [], { value: tensor(float32(dims, Float32Array.from(data))) });
  }

  scalar(value: number): string {
    return this.graph.scalar("float32", value);
  }
}
