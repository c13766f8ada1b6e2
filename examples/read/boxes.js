/** What of the map is text, and how sure the detector must be of a line on the whole (PaddleOCR's numbers). */
const TEXT = 0.3;
const SURE = 0.6;
/** The map shrinks lines: they are grown by this much of area over perimeter. */
const GROWTH = 1.5;
/** Lines that are lower are none, pixels of the map. */
const LOWEST = 3;
/** A line that is so much higher than wide is written downwards. */
const UPRIGHT = 1.5;

/**
 * @typedef {readonly [x: number, y: number]} Point
 * @typedef {readonly Point[]} Corners of a line of text: its top left, top right, bottom right and bottom left as it is read
 */

/**
 * The lines of text in the detector's map, in the order in which they are read.
 * @param {ArrayLike<number>} map how likely each pixel is text, row by row
 * @param {number} width
 * @param {number} height
 * @returns {Corners[]} in pixels of the map
 */
export function linesOf(map, width, height) {
  const seen = new Uint8Array(width * height);
  const lines = [];
  for (let start = 0; start < seen.length; start++) {
    if (seen[start] || map[start] <= TEXT) continue;
    const places = connected(map, width, height, start, seen);
    const mean = places.reduce((sum, place) => sum + map[place], 0) / places.length;
    if (mean < SURE) continue;
    const rectangle = smallestRectangle(hullOf(places, width));
    if (rectangle && Math.min(rectangle.along, rectangle.across) >= LOWEST) lines.push(asRead(grown(rectangle)));
  }
  return ordered(lines);
}

/** The pixels of text that touch each other, from one of them on. */
function connected(map, width, height, start, seen) {
  const places = [start];
  seen[start] = 1;
  for (const place of places) {
    const [x, y] = [place % width, Math.floor(place / width)];
    for (let down = Math.max(0, y - 1); down <= Math.min(height - 1, y + 1); down++) {
      for (let right = Math.max(0, x - 1); right <= Math.min(width - 1, x + 1); right++) {
        const next = down * width + right;
        if (seen[next] || map[next] <= TEXT) continue;
        seen[next] = 1;
        places.push(next);
      }
    }
  }
  return places;
}

/** The convex hull, by its chains from left to right and back (Andrew 1979). */
function hullOf(places, width) {
  const points = places.map((place) => [place % width, Math.floor(place / width)]);
  points.sort(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const chain = (points) => {
    const hull = [];
    for (const point of points) {
      while (hull.length > 1 && turn(hull[hull.length - 2], hull[hull.length - 1], point) <= 0) hull.pop();
      hull.push(point);
    }
    return hull.slice(0, -1);
  };
  return [...chain(points), ...chain(points.toReversed())];
}

const turn = ([ax, ay], [bx, by], [cx, cy]) => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);

/** The rectangle of the least area around a hull: one of its sides lies on one of the hull's (Freeman and Shapira 1975). */
function smallestRectangle(hull) {
  let best;
  for (const [i, [x, y]] of hull.entries()) {
    const [toX, toY] = hull[(i + 1) % hull.length];
    const length = Math.hypot(toX - x, toY - y);
    if (length === 0) continue;
    const [cos, sin] = [(toX - x) / length, (toY - y) / length];
    const along = extent(hull.map(([x, y]) => x * cos + y * sin));
    const across = extent(hull.map(([x, y]) => y * cos - x * sin));
    const area = along.length * across.length;
    if (best && area >= best.area) continue;
    const centre = [along.middle * cos - across.middle * sin, along.middle * sin + across.middle * cos];
    best = { area, centre, cos, sin, along: along.length, across: across.length };
  }
  return best;
}

function extent(values) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return { length: most - least, middle: (least + most) / 2 };
}

function grown({ along, across, ...rest }) {
  const distance = (GROWTH * along * across) / (2 * (along + across));
  return { ...rest, along: along + 2 * distance, across: across + 2 * distance };
}

/** The corners as the line is read: rightwards, or downwards where it is much higher than wide. */
function asRead({ centre: [x, y], cos, sin, along, across }) {
  // Of the four directions of its sides, the one nearest to the right.
  let sides = [cos, sin, along, across];
  for (let i = 0; i < 3 && sides[0] < Math.SQRT1_2; i++) sides = turned(sides);
  if (sides[3] >= UPRIGHT * sides[2]) sides = turned(sides);
  const [c, s, length, lineHeight] = sides;
  const corner = (right, down) => [
    x + (right * length * c - down * lineHeight * s) / 2,
    y + (right * length * s + down * lineHeight * c) / 2,
  ];
  return [corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)];
}

/** A quarter clockwise, as the picture shows it. */
const turned = ([cos, sin, along, across]) => [-sin, cos, across, along];

/** From the top down; lines that lie side by side from left to right. */
function ordered(lines) {
  const rest = lines.toSorted((a, b) => middle(a) - middle(b));
  const result = [];
  while (rest.length > 0) {
    const [first] = rest;
    const reach = Math.hypot(first[3][0] - first[0][0], first[3][1] - first[0][1]) / 2;
    const beside = rest.findIndex((line) => middle(line) - middle(first) > reach);
    const row = rest.splice(0, beside === -1 ? rest.length : beside);
    result.push(...row.toSorted((a, b) => a[0][0] - b[0][0]));
  }
  return result;
}

const middle = (corners) => corners.reduce((sum, [, y]) => sum + y, 0) / corners.length;
