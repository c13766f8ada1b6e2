/** What `pairwise` makes of two numbers, by its code. */
export const PAIRWISE = { add: 0, subtract: 1, multiply: 2, divide: 3, maximum: 4, minimum: 5 } as const;

/**
 * What `activate` makes of a number, by its code: clip(x, p, q); p x below zero; clip(p x + q, 0, 1), and x times that;
 * and functions that nothing shapes.
 */
export const ACTIVATION = {
  clip: 0,
  leaky: 1,
  hardSigmoid: 2,
  hardSwish: 3,
  exponential: 4,
  sigmoid: 5,
  tanh: 6,
} as const;

/** What both forms of the kernels offer: see `assembly/` for what each computes. Pointers are byte addresses. */
export interface CommonKernels {
  correlate(
    outputs: number,
    strips: number,
    pitch: number,
    width: number,
    starts: number,
    indices: number,
    weights: number,
    bias: number,
    offsets: number,
    input: number,
    output: number,
    length: number,
    floor: number,
  ): void;
  correlateDense(
    outputs: number,
    taps: number,
    weights: number,
    bias: number,
    offsets: number,
    input: number,
    output: number,
    length: number,
    floor: number,
  ): void;
  depthwise(
    planes: number,
    input: number,
    output: number,
    scratch: number,
    height: number,
    width: number,
    outHeight: number,
    outWidth: number,
    phases: number,
    phasePitch: number,
    rowPitch: number,
    step: number,
    size: number,
    padTop: number,
    padLeft: number,
    taps: number,
    offsets: number,
    weights: number,
    filterPitch: number,
    bias: number,
    floor: number,
  ): void;
  gather(
    outputs: number,
    strips: number,
    pitch: number,
    width: number,
    starts: number,
    indices: number,
    weights: number,
    bias: number,
    input: number,
    output: number,
    floor: number,
  ): void;
  scatter(inputs: number, starts: number, indices: number, weights: number, input: number, output: number): void;
  multiply(
    outputs: number,
    inputs: number,
    weights: number,
    bias: number,
    input: number,
    output: number,
    floor: number,
  ): void;
  pairwise(
    operation: number,
    rows: number,
    length: number,
    a: number,
    aRow: number,
    aStep: number,
    b: number,
    bRow: number,
    bStep: number,
    y: number,
  ): void;
  activate(activation: number, count: number, x: number, y: number, p: number, q: number): void;
  copyPlanes(
    planes: number,
    rows: number,
    width: number,
    from: number,
    fromPlane: number,
    fromRow: number,
    step: number,
    to: number,
    toPlane: number,
    toRow: number,
  ): void;
  maxPool(
    input: number,
    output: number,
    scratch: number,
    height: number,
    width: number,
    outHeight: number,
    outWidth: number,
    kernelHeight: number,
    kernelWidth: number,
    strideY: number,
    strideX: number,
    padTop: number,
    padLeft: number,
    planes: number,
  ): void;
}

/** Those of layers whose weights are codes: they are there where a network asks for them. */
export interface CodeKernels {
  correlateCodes(
    outputs: number,
    pairs: number,
    codes: number,
    offsets: number,
    input: number,
    output: number,
    length: number,
  ): void;
  multiplyCodes(outputs: number, pairs: number, codes: number, input: number, output: number): void;
  multiplyScaled(
    outputs: number,
    groups: number,
    pairs: number,
    codes: number,
    scales: number,
    bias: number,
    input: number,
    output: number,
    floor: number,
  ): void;
  spreadCodes(
    outputs: number,
    taps: number,
    groups: number,
    pairs: number,
    codes: number,
    scales: number,
    output: number,
  ): void;
  quantize(count: number, input: number, output: number, scale: number, zero: number, signed: number): void;
  dequantize(count: number, input: number, output: number, scale: number, zero: number, signed: number): void;
  requantize(
    rows: number,
    length: number,
    sums: number,
    biases: number,
    factors: number,
    along: number,
    output: number,
    zero: number,
    signed: number,
  ): void;
  scaleSums(
    rows: number,
    length: number,
    sums: number,
    biases: number,
    scales: number,
    along: number,
    output: number,
    floor: number,
  ): void;
  pairPlanes(
    planes: number,
    size: number,
    input: number,
    output: number,
    pitch: number,
    zero: number,
    signed: number,
  ): void;
}

export interface Kernels extends CommonKernels, CodeKernels {}
