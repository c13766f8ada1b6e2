import type { Memory } from "./heap.ts";
import type { CodeKernels } from "./kernels.ts";

/** The kernels of codes without WebAssembly, one element at a time. */
export function plainCodeKernels(memory: Memory): CodeKernels {
  const floats = (at: number) => new Float32Array(memory.buffer, at);
  const wholes = (at: number) => new Int32Array(memory.buffer, at);
  const shorts = (at: number) => new Int16Array(memory.buffer, at);
  const bytes = (at: number, signed: number) =>
    signed ? new Int8Array(memory.buffer, at) : new Uint8Array(memory.buffer, at);
  /** Where the code of an output and a tap lies. */
  const placeIn = (pairs: number, o: number, k: number) => ((o >> 2) * pairs + (k >> 1)) * 8 + 2 * (o & 3) + (k & 1);

  return {
    correlateCodes(outputs, pairs, codes, offsets, input, output, length) {
      const [q, places, y] = [bytes(codes, 1), wholes(offsets), wholes(output)];
      for (let o = 0; o < outputs; o++) {
        for (let p = 0; p < length; p++) {
          let sum = 0;
          for (let i = 0; i < pairs; i++) {
            const x = shorts(input + places[i] + 4 * p);
            sum += q[placeIn(pairs, o, 2 * i)] * x[0] + q[placeIn(pairs, o, 2 * i + 1)] * x[1];
          }
          y[o * length + p] = sum;
        }
      }
    },

    multiplyCodes(outputs, pairs, codes, input, output) {
      const [q, x, y] = [bytes(codes, 1), shorts(input), wholes(output)];
      for (let o = 0; o < outputs; o++) {
        let sum = 0;
        for (let k = 0; k < 2 * pairs; k++) sum += q[placeIn(pairs, o, k)] * x[k];
        y[o] = sum;
      }
    },

    multiplyScaled(outputs, groups, pairs, codes, scales, bias, input, output, floor) {
      const [q, s, b, x, y] = [bytes(codes, 1), floats(scales), floats(bias), floats(input), floats(output)];
      const all = groups * pairs;
      for (let o = 0; o < outputs; o++) {
        let sum = b[o];
        for (let g = 0; g < groups; g++) {
          let part = 0;
          for (let k = 2 * g * pairs; k < 2 * (g + 1) * pairs; k++) part += q[placeIn(all, o, k)] * x[k];
          sum += part * s[((o >> 2) * groups + g) * 4 + (o & 3)];
        }
        y[o] = Math.max(sum, floor);
      }
    },

    spreadCodes(outputs, taps, groups, pairs, codes, scales, output) {
      const [q, s, y] = [bytes(codes, 1), floats(scales), floats(output)];
      for (let o = 0; o < outputs; o++) {
        for (let k = 0; k < taps; k++) {
          const scale = s[((o >> 2) * groups + Math.floor(k / (2 * pairs))) * 4 + (o & 3)];
          y[((o >> 2) * taps + k) * 4 + (o & 3)] = q[placeIn(groups * pairs, o, k)] * scale;
        }
      }
    },

    quantize(count, input, output, scale, zero, signed) {
      const [x, y] = [floats(input), bytes(output, signed)];
      for (let i = 0; i < count; i++) y[i] = byteOf(Math.fround(x[i] / scale), zero, signed);
    },

    dequantize(count, input, output, scale, zero, signed) {
      const [x, y] = [bytes(input, signed), floats(output)];
      for (let i = 0; i < count; i++) y[i] = (x[i] - zero) * scale;
    },

    requantize(rows, length, sums, biases, factors, along, output, zero, signed) {
      const [x, b, f, y] = [wholes(sums), wholes(biases), floats(factors), bytes(output, signed)];
      for (let row = 0; row < rows; row++) {
        for (let j = 0; j < length; j++) {
          const [i, own] = [row * length + j, along ? j : row];
          y[i] = byteOf(Math.fround(Math.fround((x[i] + b[own]) | 0) * f[own]), zero, signed);
        }
      }
    },

    scaleSums(rows, length, sums, biases, scales, along, output, floor) {
      const [x, b, s, y] = [wholes(sums), floats(biases), floats(scales), floats(output)];
      for (let row = 0; row < rows; row++) {
        for (let j = 0; j < length; j++) {
          const [i, own] = [row * length + j, along ? j : row];
          y[i] = Math.max(b[own] + x[i] * s[own], floor);
        }
      }
    },

    pairPlanes(planes, size, input, output, pitch, zero, signed) {
      const x = bytes(input, signed);
      for (let c = 0; c < planes; c += 2) {
        const y = shorts(output + (c / 2) * pitch);
        for (let i = 0; i < size; i++) {
          y[2 * i] = x[c * size + i] - zero;
          y[2 * i + 1] = c + 1 < planes ? x[(c + 1) * size + i] - zero : 0;
        }
      }
    },
  };
}

/** The byte of a number around a zero: rounded, of two whole numbers as near the even one, and held in its range. */
function byteOf(x: number, zero: number, signed: number): number {
  const low = Math.floor(x);
  const whole = x - low === 0.5 ? low + (low & 1) : Math.round(x);
  return Math.min(Math.max(whole + zero, signed ? -128 : 0), signed ? 127 : 255);
}
