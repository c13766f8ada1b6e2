/**
 * The one script of a report: it reads values off the charts. Whatever has a title of its own in a chart is a value. The
 * pointer finds the nearest one; by keyboard a chart is a slider over its values, which screen readers speak.
 * Without it browsers show the titles of what is pointed at.
 */
export const script = `
for (const chart of document.querySelectorAll(".chart")) {
  const make = (name) => chart.appendChild(Object.assign(document.createElement("div"), { className: name }));
  const [ring, tip, reader] = [make("ring"), make("tip"), make("reader")];
  let values = [], at = 0;
  const look = () => {
    const svg = [...chart.querySelectorAll("svg[role=img]")].find((each) => each.getClientRects().length > 0);
    const titles = svg ? [...svg.querySelectorAll("g title")] : [];
    values = titles.map((title) => ({ text: title.textContent, element: title.parentNode }));
  };
  const hide = () => { ring.style.display = tip.style.display = "none"; };
  const show = (i) => {
    at = Math.max(0, Math.min(values.length - 1, i));
    reader.ariaValueNow = at + 1;
    reader.ariaValueText = tip.textContent = values[at].text;
    ring.style.display = tip.style.display = "block";
    const [own, box] = [chart.getBoundingClientRect(), values[at].element.getBoundingClientRect()];
    const [left, top] = [box.left - own.left, box.top - own.top];
    Object.assign(ring.style, { left: left - 4 + "px", top: top - 4 + "px", width: box.width + 8 + "px", height: box.height + 8 + "px" });
    const x = Math.max(0, Math.min(own.width - tip.offsetWidth, left + box.width / 2 - tip.offsetWidth / 2));
    const above = top - tip.offsetHeight - 10;
    Object.assign(tip.style, { left: x + "px", top: (above < -24 ? top + box.height + 10 : above) + "px" });
  };
  const nearest = ({ clientX, clientY }) => {
    const far = ({ element }) => {
      const { left, right, top, bottom } = element.getBoundingClientRect();
      return Math.hypot(Math.max(left - clientX, 0, clientX - right), Math.max(top - clientY, 0, clientY - bottom));
    };
    const distances = values.map(far);
    if (values.length > 0) show(distances.indexOf(Math.min(...distances)));
  };
  look();
  if (values.length === 0) { reader.remove(); continue; }
  const title = chart.querySelector("svg[role=img] > title").textContent;
  for (const [name, value] of Object.entries({ role: "slider", tabindex: 0, "aria-label": "Values of: " + title,
    "aria-valuemin": 1, "aria-valuemax": values.length, "aria-valuenow": 1, "aria-valuetext": values[0].text })) {
    reader.setAttribute(name, value);
  }
  hide();
  reader.addEventListener("pointermove", nearest);
  reader.addEventListener("pointerdown", nearest);
  reader.addEventListener("pointerleave", hide);
  reader.addEventListener("focus", () => { if (reader.matches(":focus-visible")) show(at); });
  reader.addEventListener("blur", hide);
  reader.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -at, End: values.length };
    if (event.key === "Escape") hide();
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(at + steps[event.key]);
  });
  // Another layout may be seen then.
  addEventListener("resize", () => { look(); hide(); });
}
`;
