/** Networks of Caffe's, small ones, with every kind of layer and of input that is imported. */

const INPUT = 'input: "data" input_dim: 1 input_dim: 3 input_dim: 8 input_dim: 8';

const layer = (name: string, type: string, bottom: string, rest = "", top = name) =>
  `layer { name: "${name}" type: "${type}" ${bottom
    .split(" ")
    .map((blob) => `bottom: "${blob}"`)
    .join(" ")} top: "${top}" ${rest} }`;

/** Convolutions and fully connected layers, which a .net file holds too. */
export const PLAIN_NET = [
  'name: "plain"',
  INPUT,
  layer("conv", "Convolution", "data", "convolution_param { num_output: 6 kernel_size: 3 group: 3 }"),
  layer("relu", "ReLU", "conv", "", "conv"),
  layer("fc", "InnerProduct", "conv", "inner_product_param { num_output: 5 }"),
  layer("prob", "Softmax", "fc"),
].join("\n");

export const CAFFE_NETS: readonly string[] = [
  PLAIN_NET,
  [
    'layer { name: "in" type: "Input" top: "data" input_param { shape: { dim: 2 dim: 3 dim: 8 dim: 8 } } }',
    layer(
      "conv",
      "Convolution",
      "data",
      "convolution_param { num_output: 4 kernel_h: 3 kernel_w: 2 pad: 1 stride: 2 dilation: 1 bias_term: false }",
    ),
    layer("bn", "BatchNorm", "conv", "batch_norm_param { eps: 0.1 } param { lr_mult: 0 }", "conv"),
    layer("scale", "Scale", "conv", "scale_param { bias_term: true }", "conv"),
    layer("pool", "Pooling", "conv", "pooling_param { pool: MAX kernel_size: 3 stride: 2 pad: 1 }"),
    layer("lrn", "LRN", "pool", "lrn_param { local_size: 3 alpha: 0.1 beta: 0.75 norm_region: ACROSS_CHANNELS }"),
    layer("drop", "Dropout", "lrn", "dropout_param { dropout_ratio: 0.3 }"),
    layer("ip", "InnerProduct", "drop", "inner_product_param { num_output: 3 axis: 1 transpose: true }"),
  ].join("\n"),
  [
    'layer { name: "in" type: "Data" top: "data" top: "label" include { phase: TEST } transform_param { crop_size: 8 mean_value: 1 mean_value: 2 mean_value: 3 scale: 0.5 } data_param { source: "x" batch_size: 10 } }',
    layer("a", "ReLU", "data", "relu_param { negative_slope: 0.1 }"),
    layer("b", "PReLU", "data", "prelu_param { channel_shared: true }"),
    layer("e", "Eltwise", "a b", "eltwise_param { operation: SUM coeff: 2 coeff: -3 }"),
    layer("c", "Concat", "e a", "concat_param { axis: 1 }"),
    'layer { name: "s" type: "Slice" bottom: "c" top: "s1" top: "s2" slice_param { axis: 1 slice_point: 2 } }',
    layer("p", "Permute", "s1", "permute_param { order: 0 order: 2 order: 3 order: 1 }"),
    layer("f", "Flatten", "p"),
    layer("r", "Reshape", "s2", "reshape_param { shape { dim: 0 dim: -1 dim: 2 } axis: 0 num_axes: -1 }"),
    layer("d", "Reduction", "r", "reduction_param { operation: MEAN axis: 1 coeff: 2 }"),
    layer("loss", "SoftmaxWithLoss", "f label", "loss_weight: 0.3"),
  ].join("\n"),
  [
    INPUT,
    layer("up", "Deconvolution", "data", "convolution_param { num_output: 2 kernel_size: 4 stride: 2 pad: 1 }"),
    layer("crop", "Crop", "up data", "crop_param { axis: 2 offset: 1 }"),
    layer("power", "Power", "crop", "power_param { power: 2 scale: 0.5 shift: 1 }"),
    layer("exp", "Exp", "power", "exp_param { base: 2 scale: 0.1 }"),
    layer("log", "Log", "exp"),
    layer("abs", "AbsVal", "log"),
    layer("elu", "ELU", "abs", "elu_param { alpha: 0.5 }"),
    layer("bias", "Bias", "elu", "bias_param { axis: 1 }"),
    layer("mvn", "MVN", "bias", "mvn_param { across_channels: true }"),
    layer("tile", "Tile", "mvn", "tile_param { axis: 1 tiles: 2 }"),
    layer("arg", "ArgMax", "tile", "argmax_param { top_k: 1 axis: 1 }"),
  ].join("\n"),
  [
    'input: "data" input_shape { dim: 1 dim: 3 dim: 8 dim: 8 } # of the old form',
    'layers { name: "c" type: CONVOLUTION bottom: "data" top: "c" blobs_lr: 1 convolution_param { num_output: 2 kernel_size: 3 } }',
    'layers { name: "l" type: LRN bottom: "c" top: "l" lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL } }',
    'layers { name: "p" type: POOLING bottom: "l" top: "p" pooling_param { pool: AVE global_pooling: true } }',
    "layers { name: 'i' type: INNER_PRODUCT bottom: 'p' top: 'i' inner_product_param { num_output: 3 } }",
    'layers { name: "t" type: TANH bottom: "i" top: "t" } layers { name: "s" type: SIGMOID bottom: "t" top: "s" }',
  ].join("\n"),
];
