import { create } from "@bufbuild/protobuf";
import { UserError } from "../../errors.ts";
import {
  BlobShapeSchema,
  InputParameterSchema,
  type LayerParameter,
  LayerParameterSchema,
  type NetParameter,
  NetParameterSchema,
  V1LayerParameter_LayerType,
} from "./caffe_pb.ts";
import { isIncluded } from "./phase.ts";
import { fromText } from "./text-format.ts";
import { upgradeLayer } from "./upgrade-layer.ts";

/** A network's description: what it computes, without its weights. */
export interface CaffeNet {
  readonly name: string;
  /** How messages name the prototxt. */
  readonly source: string;
  /** The layers of the phase TEST in their order, all in the newer form; inputs are layers too. */
  readonly layers: readonly LayerParameter[];
}

/** Published networks have some 100 kB. */
const LARGEST = 2 ** 24;

/**
 * Reads a network's prototxt: the older form `layers` or the newer `layer`, and of layers that differ between the
 * phases those for TEST.
 * @param source how messages name the file
 * @throws UserError when the file is not a prototxt, with the line
 */
export function readPrototxt(bytes: Uint8Array, source = "The prototxt"): CaffeNet {
  if (bytes.length > LARGEST)
    throw new UserError(
      `${source} has ${bytes.length} bytes and is not a prototxt: give the text file of the network.`,
    );
  const net = fromText(NetParameterSchema, new TextDecoder().decode(bytes), source);
  if (net.layer.length > 0 && net.layers.length > 0)
    throw new UserError(
      `${source} has layers of the old form ("layers") and of the new ("layer"): write all in one form.`,
    );
  if (net.layers.some(({ type }) => type === V1LayerParameter_LayerType.NONE))
    throw new UserError(
      `${source} has layers without a type, as files before 2014 have: run Caffe's upgrade_net_proto_text on it.`,
    );
  const layers = [...net.layer, ...net.layers.map(upgradeLayer)].filter((layer) => isIncluded(layer, net.state));
  if (layers.length === 0)
    throw new UserError(`${source} has no layers: give the prototxt of a network, not of a solver.`);
  return { name: net.name || "caffe", source, layers: [...inputLayer(net, source), ...layers] };
}

/** The fields `input`, `input_shape` and `input_dim` of older files as the layer that newer ones have. */
function inputLayer({ input, inputShape, inputDim }: NetParameter, source: string): LayerParameter[] {
  if (input.length === 0) return [];
  const shape =
    inputShape.length > 0
      ? inputShape
      : input.map((_, i) => create(BlobShapeSchema, { dim: inputDim.slice(4 * i, 4 * i + 4) }));
  if (inputShape.length > 0 === inputDim.length > 0 || inputDim.length % 4 !== 0 || shape.length !== input.length) {
    throw new UserError(
      `${source} has ${input.length} inputs and not one input_shape, or four times input_dim, for each: add them.`,
    );
  }
  const inputParam = create(InputParameterSchema, { shape });
  return [create(LayerParameterSchema, { name: "input", type: "Input", top: input, inputParam })];
}
