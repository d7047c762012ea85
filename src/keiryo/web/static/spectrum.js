// Dragging across the picture of a spectrum enlarges a stretch of it; the wheel enlarges and
// reduces around the pointer. The page does the same by its links and by the form.

const frame = document.getElementById("spectrum");
const drawing = frame?.querySelector("svg");
const LEFT = 66, RIGHT = 948, WIDTH = 960, LEAST_DRAG = 6;
const NAMESPACE = "http://www.w3.org/2000/svg";

const told = (name) => Number(frame.dataset[name]);

function placeOf(event) {
  const box = drawing.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * WIDTH;
  const part = Math.min(1, Math.max(0, (x - LEFT) / (RIGHT - LEFT)));
  return { x: Math.min(RIGHT, Math.max(LEFT, x)), at: told("low") + part * (told("high") - told("low")) };
}

function show(low, high) {
  const address = new URL(window.location.href);
  const least = Math.max(low, told("first")), most = Math.min(high, told("last"));
  if (!(most > least)) return;
  address.searchParams.set("low", least.toPrecision(6));
  address.searchParams.set("high", most.toPrecision(6));
  address.searchParams.delete("peak");
  window.location.assign(address);
}

let from = null, band = null;

function begin(event) {
  if (event.button !== 0) return;
  from = placeOf(event);
}

function move(event) {
  if (!from) return;
  const to = placeOf(event);
  if (!band && Math.abs(to.x - from.x) < LEAST_DRAG) return;
  if (!band) {
    band = document.createElementNS(NAMESPACE, "rect");
    band.setAttribute("class", "pic-spectrum-band");
    band.setAttribute("y", "26");
    band.setAttribute("height", "340");
    drawing.append(band);
  }
  band.setAttribute("x", String(Math.min(from.x, to.x)));
  band.setAttribute("width", String(Math.abs(to.x - from.x)));
  event.preventDefault();
}

function end(event) {
  const begun = from, dragged = band;
  from = band = null;
  dragged?.remove();
  if (!begun || !dragged) return;
  const to = placeOf(event);
  drawing.addEventListener("click", (click) => click.preventDefault(), { once: true, capture: true });
  show(Math.min(begun.at, to.at), Math.max(begun.at, to.at));
}

let waiting = 0, turned = 0, around = 0;

function wheel(event) {
  if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaY) < Math.abs(event.deltaX)) return;
  if (document.activeElement !== frame && !event.ctrlKey) return; // the page scrolls as ever
  event.preventDefault();
  turned += Math.sign(event.deltaY);
  around = placeOf(event).at;
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const factor = 1.6 ** turned;
    turned = 0;
    show(around - (around - told("low")) * factor, around + (told("high") - around) * factor);
  }, 160);
}

if (drawing) {
  drawing.addEventListener("pointerdown", begin);
  window.addEventListener("pointermove", move);
  window.addEventListener("pointerup", end);
  window.addEventListener("pointercancel", () => { from = null; band?.remove(); band = null; });
  drawing.addEventListener("dragstart", (event) => event.preventDefault());
  frame.addEventListener("wheel", wheel, { passive: false });
}
