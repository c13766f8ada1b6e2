/** The text of a module with small data whose samples cost nothing: four waves in noise. */
export const waves = `const wave = (k, i, j) => Math.sin(12.9898 * (k + 1) * (i + 1) + 78.233 * (j + 1));
const split = (k, size) => ({ size, read(places, { image, label }) {
  for (let n = 0; n < places.length; n++) {
    const i = places[n];
    if (label) label[n] = i % 4;
    if (image) for (let j = 0; j < 16; j++) image[16 * n + j] = wave(9, i % 4, j) + wave(k, i, j);
  }
} });
export default {
  name: "waves", classes: 4, train: split(1, 400), validation: split(2, 100), test: split(3, 100),
  inputs: [{ name: "image", dtype: "float32", shape: [1, 4, 4] }],
  targets: [{ name: "label", dtype: "int32", shape: [] }],
};`;
