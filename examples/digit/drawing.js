/** How wide a pen draws, of a canvas of 280 pixels: after scaling it is as wide as MNIST's. */
const PEN = 22;
/** How far an arrow moves the pen. */
const STEP = 10;

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Lets people draw on a canvas with mouse, finger, pen or keys: arrows move a pen, Space puts it down and lifts it, Delete
 * wipes the canvas.
 * @param {HTMLElement} paper holds the canvas, and takes the keys
 * @param {(change: { done: boolean }) => void} onStroke is called when something was drawn or wiped; done where the pen is up
 * @param {(pen: { x: number, y: number, down: boolean }) => void} onPen is told where keys have moved the pen
 * @returns {() => void} wipes the canvas
 */
export function drawOn(paper, onStroke, onPen) {
  const canvas = paper.querySelector("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(context, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });
  const pen = { x: canvas.width / 2, y: canvas.height / 4, down: false };

  const begin = () => context.beginPath();
  const draw = (x, y) => {
    context.lineTo(x, y);
    context.stroke();
  };
  const follow = ({ offsetX, offsetY }) =>
    draw((offsetX * canvas.width) / canvas.clientWidth, (offsetY * canvas.height) / canvas.clientHeight);
  const lift = () => {
    pen.down = false;
    onPen(pen);
    onStroke({ done: true });
  };
  const wipe = () => {
    context.clearRect(0, 0, canvas.width, canvas.height);
    lift();
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    begin();
    // A line to where the pen stands already is a dot.
    follow(event);
    follow(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) follow(event);
  });
  canvas.addEventListener("lostpointercapture", () => onStroke({ done: true }));

  paper.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) {
      const [right, down] = arrow;
      pen.x = Math.max(0, Math.min(canvas.width, pen.x + STEP * right));
      pen.y = Math.max(0, Math.min(canvas.height, pen.y + STEP * down));
      if (pen.down) {
        draw(pen.x, pen.y);
        onStroke({ done: false });
      }
    } else if (event.key === " ") {
      if (pen.down) lift();
      else {
        pen.down = true;
        begin();
        draw(pen.x, pen.y);
        draw(pen.x, pen.y);
      }
    } else if (event.key === "Delete" || event.key === "Backspace") wipe();
    else return;
    event.preventDefault();
    onPen(pen);
  });
  paper.addEventListener("blur", () => pen.down && lift());
  return wipe;
}
