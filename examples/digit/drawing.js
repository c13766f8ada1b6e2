/** How wide a pen draws, of a canvas of 280 pixels: after scaling it is as wide as MNIST's. */
const PEN = 22;

/**
 * Lets people draw on a canvas with mouse, finger or pen.
 * @param {HTMLCanvasElement} canvas
 * @param {() => void} onStroke is called when the pen is lifted
 * @returns {() => void} wipes the canvas
 */
export function drawOn(canvas, onStroke) {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(context, { lineWidth: PEN, lineCap: "round", lineJoin: "round" });

  const follow = ({ offsetX, offsetY }) => {
    context.lineTo((offsetX * canvas.width) / canvas.clientWidth, (offsetY * canvas.height) / canvas.clientHeight);
    context.stroke();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    context.beginPath();
    // A line to where the pen stands already is a dot.
    follow(event);
    follow(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) follow(event);
  });
  canvas.addEventListener("lostpointercapture", onStroke);
  return () => context.clearRect(0, 0, canvas.width, canvas.height);
}
