import { useEffect, useRef } from "preact/hooks";
import { see } from "../state/actions.ts";
import type { Preview, TensorPreview } from "../told.ts";
import { count } from "../words.ts";

/** One sample: the picture that it came from, and the tensors that the network is given. */
export function Sample({ preview: { index, of, file, tensors } }: { readonly preview: Preview }) {
  return (
    <div class="card stack">
      <div class="sample">
        {file && <Original file={file} />}
        {tensors.map((tensor) => (
          <figure key={tensor.name}>
            <Drawing {...tensor} />
            <figcaption>
              {tensor.name}: {tensor.shape.join(" × ") || "one number"}, {number(tensor.least)} to {number(tensor.most)}
            </figcaption>
          </figure>
        ))}
      </div>
      <label class="field">
        <span>
          Sample {count(index + 1)} of {count(of)}
        </span>
        <input
          type="range"
          min={0}
          max={of - 1}
          value={index}
          onInput={({ currentTarget }) => void see(Number(currentTarget.value))}
        />
      </label>
    </div>
  );
}

const number = (value: number) => Number(value.toPrecision(3)).toString();

function Original({ file }: { readonly file: Blob }) {
  const image = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const address = URL.createObjectURL(file);
    if (image.current) image.current.src = address;
    return () => URL.revokeObjectURL(address);
  }, [file]);
  return (
    <figure>
      <img ref={image} alt="What was dropped" />
      <figcaption>As it came</figcaption>
    </figure>
  );
}

function Drawing(tensor: TensorPreview) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) draw(canvas.current, tensor);
  }, [tensor.values]);
  return <canvas ref={canvas} role="img" aria-label={`The numbers of ${tensor.name}`} />;
}

/** Columns of a line, of which each is as high as its numbers reach. */
const [COLUMNS, HEIGHT] = [400, 120];

function draw(canvas: HTMLCanvasElement, { values, least, most, picture }: TensorPreview): void {
  const range = most - least || 1;
  [canvas.width, canvas.height] = picture ? [picture.columns, picture.rows] : [COLUMNS, HEIGHT];
  const context = canvas.getContext("2d");
  if (!context) return;
  if (picture) {
    const { planes, rows, columns, inner } = picture;
    const pixels = context.createImageData(columns, rows);
    for (let i = 0; i < rows * columns; i++) {
      for (let channel = 0; channel < 3; channel++) {
        const plane = planes === 1 ? 0 : channel;
        const at = inner ? i * planes + plane : plane * rows * columns + i;
        pixels.data[4 * i + channel] = (255 * (values[at] - least)) / range;
      }
      pixels.data[4 * i + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
    return;
  }
  context.fillStyle = getComputedStyle(canvas).getPropertyValue("--leaf");
  for (let column = 0; column < COLUMNS; column++) {
    const from = Math.floor((column * values.length) / COLUMNS);
    const part = values.subarray(from, Math.max(from + 1, Math.floor(((column + 1) * values.length) / COLUMNS)));
    const [low, high] = [Math.min(...part), Math.max(...part)].map((value) => ((value - least) / range) * (HEIGHT - 2));
    context.fillRect(column, HEIGHT - 1 - high, 1, Math.max(1, high - low));
  }
}
