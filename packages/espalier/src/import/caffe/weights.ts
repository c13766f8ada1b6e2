import type { FloatTensor } from "../../onnx/tensor.ts";

/** A layer with trained weights, as the prototxt calls for it. */
export interface TrainedLayer {
  readonly name: string;
  readonly type: string;
  /** The shapes of its weights, biases and so on, in Caffe's order. */
  readonly blobs: readonly (readonly number[])[];
}

/** A file of trained weights. */
export interface WeightFile {
  /**
   * The tensors of the given layers, for each those of its blobs in their shapes. They may share memory with the file.
   * @param layers all layers with weights, in the prototxt's order
   * @throws UserError when the file is damaged or of another network
   */
  read(layers: readonly TrainedLayer[]): FloatTensor[][];
}
