const SVG = "http://www.w3.org/2000/svg";
/** How much of a line's height its letters take. */
const LETTERS = 0.72;

/** The lines that were found, drawn over the picture, and what they say. */
export class Overlay {
  #svg;
  #groups = [];

  /** @param {SVGSVGElement} svg */
  constructor(svg) {
    this.#svg = svg;
    this.lay(true);
  }

  /** Makes room for another picture. */
  clear({ width, height }) {
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#groups = [];
    this.#svg.replaceChildren();
  }

  /** Shows where lines were found. */
  show(lines) {
    this.#groups = lines.map((corners) => {
      const group = element("g", {});
      group.append(element("polygon", { points: corners.map((corner) => corner.join()).join(" ") }));
      return group;
    });
    this.#svg.replaceChildren(...this.#groups);
  }

  /** Writes what a line says over it. */
  write({ line, corners: [topLeft, topRight, , bottomLeft], text }) {
    const length = distance(topLeft, topRight);
    const height = distance(topLeft, bottomLeft);
    const angle = (Math.atan2(topRight[1] - topLeft[1], topRight[0] - topLeft[0]) * 180) / Math.PI;
    const words = element("text", {
      transform: `translate(${topLeft.join()}) rotate(${angle})`,
      x: height * 0.15,
      y: height / 2,
      "font-size": height * LETTERS,
      "dominant-baseline": "central",
      textLength: Math.max(1, length - height * 0.3),
      lengthAdjust: "spacingAndGlyphs",
    });
    words.textContent = text;
    this.#groups[line].append(words);
    this.#groups[line].classList.add("read");
  }

  /** Takes away the lines that could not be read. */
  keep(lines) {
    for (const [line, group] of this.#groups.entries()) if (!lines.includes(line)) group.remove();
  }

  /** Points out a line, or none. */
  choose(chosen) {
    for (const [line, group] of this.#groups.entries()) group.classList.toggle("chosen", line === chosen);
  }

  /** Lays what was read over the picture, or leaves it as it is. */
  lay(over) {
    this.#svg.classList.toggle("over", over);
  }
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const distance = ([ax, ay], [bx, by]) => Math.hypot(bx - ax, by - ay);
