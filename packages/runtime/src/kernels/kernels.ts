/** What both forms of the kernels offer: see `assembly/` for what each computes. Pointers are byte addresses. */
export interface Kernels {
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
