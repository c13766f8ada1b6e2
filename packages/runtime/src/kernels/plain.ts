import type { Memory } from "./heap.ts";
import { ACTIVATION, type CommonKernels, PAIRWISE } from "./kernels.ts";

/** Memory of an ordinary array. */
export class PlainMemory implements Memory {
  buffer = new ArrayBuffer(2 ** 16);

  reserve(bytes: number): void {
    if (bytes <= this.buffer.byteLength) return;
    // By a quarter at least, in whole vectors.
    const grown = new ArrayBuffer(Math.max(bytes, Math.ceil((1.25 * this.buffer.byteLength) / 64) * 64));
    new Uint8Array(grown).set(new Uint8Array(this.buffer));
    this.buffer = grown;
  }
}

/** The kernels without WebAssembly, one element at a time: where there is no SIMD, and what the others are tested by. */
export function plainKernels(memory: Memory): CommonKernels {
  const floats = (at: number) => new Float32Array(memory.buffer, at);
  const shorts = (at: number) => new Uint16Array(memory.buffer, at);
  const words = (at: number) => new Uint32Array(memory.buffer, at);

  return {
    correlate(outputs, strips, pitch, width, starts, indices, weights, bias, offsets, input, output, length, floor) {
      const [at, w, b, x, y] = [shorts(indices), floats(weights), floats(bias), floats(input), floats(output)];
      for (let strip = 0; strip < strips; strip++) {
        const first = words(starts + strip * pitch);
        const places = new Int32Array(memory.buffer, offsets + 4 * strip * width);
        const low = strip === strips - 1 ? floor : Number.NEGATIVE_INFINITY;
        for (let o = 0; o < outputs; o++) {
          for (let p = 0; p < length; p++) {
            let sum = strip === 0 ? b[o] : y[o * length + p];
            for (let k = first[o]; k < first[o + 1]; k++) sum += w[k] * x[places[at[k]] / 4 + p];
            y[o * length + p] = Math.max(sum, low);
          }
        }
      }
    },

    gather(outputs, strips, pitch, width, starts, indices, weights, bias, input, output, floor) {
      const [at, w, b, y] = [shorts(indices), floats(weights), floats(bias), floats(output)];
      for (let strip = 0; strip < strips; strip++) {
        const [first, x] = [words(starts + strip * pitch), floats(input + 4 * strip * width)];
        const low = strip === strips - 1 ? floor : Number.NEGATIVE_INFINITY;
        for (let o = 0; o < outputs; o++) {
          let sum = strip === 0 ? b[o] : y[o];
          for (let k = first[o]; k < first[o + 1]; k++) sum += w[k] * x[at[k]];
          y[o] = Math.max(sum, low);
        }
      }
    },

    correlateDense(outputs, taps, weights, bias, offsets, input, output, length, floor) {
      const [w, b, x, y] = [floats(weights), floats(bias), floats(input), floats(output)];
      const places = new Int32Array(memory.buffer, offsets);
      for (let o = 0; o < outputs; o++) {
        const block = (o >> 2) * 4 * taps + (o & 3);
        for (let p = 0; p < length; p++) {
          let sum = b[o];
          for (let k = 0; k < taps; k++) sum += w[block + 4 * k] * x[places[k] / 4 + p];
          y[o * length + p] = Math.max(sum, floor);
        }
      }
    },

    depthwise(
      planes,
      input,
      output,
      scratch,
      height,
      width,
      outHeight,
      outWidth,
      phases,
      phasePitch,
      rowPitch,
      step,
      size,
      padTop,
      padLeft,
      taps,
      offsets,
      weights,
      filterPitch,
      bias,
      floor,
    ) {
      const [x, y, w, b, laid] = [floats(input), floats(output), floats(weights), floats(bias), floats(scratch)];
      const places = new Int32Array(memory.buffer, offsets);
      if (scratch) laid.fill(0, 0, size / 4);
      for (let c = 0; c < planes; c++) {
        const from = scratch ? laid : x.subarray(c * height * width);
        for (let i = 0; scratch && i < height * width; i++) {
          const [row, column] = [Math.floor(i / width) + padTop, (i % width) + padLeft];
          const place = row * rowPitch + (column % phases) * phasePitch;
          laid[place / 4 + Math.floor(column / phases)] = x[c * height * width + i];
        }
        for (let i = 0; i < outHeight; i++) {
          for (let j = 0; j < outWidth; j++) {
            let sum = b[c];
            for (let t = 0; t < taps; t++) {
              sum += w[(c * filterPitch) / 4 + t] * from[(i * step + places[t]) / 4 + j];
            }
            y[(c * outHeight + i) * outWidth + j] = Math.max(sum, floor);
          }
        }
      }
    },

    scatter(inputs, starts, indices, weights, input, output) {
      const [first, at, w] = [words(starts), shorts(indices), floats(weights)];
      const [x, y] = [floats(input), floats(output)];
      for (let i = 0; i < inputs; i++) {
        if (x[i] === 0) continue;
        for (let k = first[i]; k < first[i + 1]; k++) y[at[k]] += w[k] * x[i];
      }
    },

    multiply(outputs, inputs, weights, bias, input, output, floor) {
      const [w, b, x, y] = [floats(weights), floats(bias), floats(input), floats(output)];
      for (let o = 0; o < outputs; o++) {
        let sum = b[o];
        for (let i = 0; i < inputs; i++) sum += w[o * inputs + i] * x[i];
        y[o] = Math.max(sum, floor);
      }
    },

    pairwise(operation, rows, length, a, aRow, aStep, b, bRow, bStep, output) {
      const [left, right, y] = [floats(a), floats(b), floats(output)];
      const f = pairs[operation];
      for (let row = 0; row < rows; row++) {
        for (let i = 0; i < length; i++) {
          y[row * length + i] = f(left[(row * aRow + i * aStep) / 4], right[(row * bRow + i * bStep) / 4]);
        }
      }
    },

    activate(activation, count, input, output, p, q) {
      const [x, y] = [floats(input), floats(output)];
      const f = activations[activation];
      for (let i = 0; i < count; i++) y[i] = f(x[i], p, q);
    },

    copyPlanes(planes, rows, width, from, fromPlane, fromRow, step, to, toPlane, toRow) {
      // Words of any kind: what is not a float must keep its bits.
      const [x, y] = [words(from), words(to)];
      for (let plane = 0; plane < planes; plane++) {
        for (let row = 0; row < rows; row++) {
          const [start, end] = [(plane * fromPlane + row * fromRow) / 4, (plane * toPlane + row * toRow) / 4];
          for (let i = 0; i < width; i++) y[end + i] = x[start + (i * step) / 4];
        }
      }
    },

    maxPool(
      input,
      output,
      _scratch,
      height,
      width,
      outHeight,
      outWidth,
      kh,
      kw,
      strideY,
      strideX,
      padTop,
      padLeft,
      planes,
    ) {
      const [x, y] = [floats(input), floats(output)];
      let at = 0;
      for (let plane = 0; plane < planes; plane++) {
        for (let i = 0; i < outHeight; i++) {
          for (let j = 0; j < outWidth; j++) {
            let most = -MOST;
            for (
              let row = Math.max(0, i * strideY - padTop);
              row < Math.min(height, i * strideY - padTop + kh);
              row++
            ) {
              const start = (plane * height + row) * width;
              const to = Math.min(width, j * strideX - padLeft + kw);
              for (let column = Math.max(0, j * strideX - padLeft); column < to; column++) {
                most = Math.max(most, x[start + column]);
              }
            }
            y[at++] = most;
          }
        }
      }
    },
  };
}

const pairs: Readonly<Record<number, (a: number, b: number) => number>> = {
  [PAIRWISE.add]: (a, b) => a + b,
  [PAIRWISE.subtract]: (a, b) => a - b,
  [PAIRWISE.multiply]: (a, b) => a * b,
  [PAIRWISE.divide]: (a, b) => a / b,
  [PAIRWISE.maximum]: Math.max,
  [PAIRWISE.minimum]: Math.min,
};

const clip = (x: number, p: number, q: number) => Math.min(Math.max(x, p), q);

const activations: Readonly<Record<number, (x: number, p: number, q: number) => number>> = {
  [ACTIVATION.clip]: clip,
  [ACTIVATION.leaky]: (x, p) => (x < 0 ? p * x : x),
  [ACTIVATION.hardSigmoid]: (x, p, q) => clip(p * x + q, 0, 1),
  [ACTIVATION.hardSwish]: (x, p, q) => x * clip(p * x + q, 0, 1),
  [ACTIVATION.exponential]: Math.exp,
  [ACTIVATION.sigmoid]: (x) => 1 / (1 + Math.exp(-x)),
  [ACTIVATION.tanh]: Math.tanh,
};

/** The largest float32. */
const MOST = 3.4028234663852886e38;
