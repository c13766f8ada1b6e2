/** What both forms of the kernels offer: see `assembly/` for what each computes. Pointers are byte addresses. */
export interface Kernels {
  correlate16: Correlate;
  correlate32: Correlate;
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
  gather16: Gather;
  gather32: Gather;
  scatter16(inputs: number, starts: number, indices: number, weights: number, input: number, output: number): void;
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

type Correlate = (
  outputs: number,
  starts: number,
  indices: number,
  weights: number,
  bias: number,
  offsets: number,
  input: number,
  output: number,
  length: number,
  floor: number,
) => void;

type Gather = (
  outputs: number,
  starts: number,
  indices: number,
  weights: number,
  bias: number,
  input: number,
  output: number,
  floor: number,
) => void;
