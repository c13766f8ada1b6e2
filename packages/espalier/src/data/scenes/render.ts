export const COLOURS = {
  red: [214, 56, 48],
  green: [52, 160, 84],
  blue: [52, 96, 200],
  yellow: [236, 196, 60],
} as const;
export const SHAPES = ["circle", "square", "triangle", "cross"] as const;
export const SIZES = { small: 3.5, large: 6 } as const;

/** A thing in a scene; places and sizes are in pixels. */
export interface Thing {
  readonly shape: (typeof SHAPES)[number];
  readonly colour: keyof typeof COLOURS;
  readonly size: keyof typeof SIZES;
  readonly x: number;
  readonly y: number;
}

/** Width and height of a picture of a scene. */
export const SIDE = 32;
const BACKGROUND = 245;

/** Draws things on a light ground, the later over the earlier: RGB [3, 32, 32], 0 to 255. */
export function render(things: readonly Thing[]): Uint8Array {
  const pixels = new Uint8Array(3 * SIDE * SIDE).fill(BACKGROUND);
  for (const thing of things) {
    const rgb = COLOURS[thing.colour];
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        if (!covers(thing, x + 0.5, y + 0.5)) continue;
        for (const [channel, value] of rgb.entries()) pixels[(channel * SIDE + y) * SIDE + x] = value;
      }
    }
  }
  return pixels;
}

function covers({ shape, size, x, y }: Thing, px: number, py: number): boolean {
  const radius = SIZES[size];
  const [dx, dy] = [Math.abs(px - x), Math.abs(py - y)];
  switch (shape) {
    case "circle":
      return dx * dx + dy * dy <= radius * radius;
    case "square":
      return Math.max(dx, dy) <= 0.88 * radius;
    case "triangle":
      return py <= y + 0.8 * radius && dx <= (py - y + radius) * 0.55;
    case "cross":
      return Math.min(dx, dy) <= 0.33 * radius && Math.max(dx, dy) <= radius;
  }
}
