// Drawing zones by clicking on the picture: the corners go into the text fields, which do without.

const frame = document.querySelector("[data-zone-frame]"), svg = frame?.querySelector("svg");
const said = document.querySelector("[data-zone-status]");
const SPACE = "http://www.w3.org/2000/svg";
const LOOKS = { INTEREST: "zone-interest", IGNORE: "zone-ignore", TRIP: "zone-trip" };
const MOST_CORNERS = 200;
let chosen = null;

const rows = [...document.querySelectorAll("[data-zone-row]")].map((row) => ({
  row,
  number: row.dataset.zoneRow,
  field: row.querySelector("textarea"),
  type: row.querySelector("select"),
}));

// The corners that a field names; those that cannot be read yet are left out of the drawing.
function corners(text) {
  const pairs = text.trim().split(/\s+/).map((pair) => pair.split(",").map(Number));
  return pairs.filter((pair) => pair.length === 2 && pair.every((share) => share >= 0 && share <= 1));
}

function piece(parent, name, className) {
  const found = parent.querySelector(`.${className}`) ?? document.createElementNS(SPACE, name);
  found.setAttribute("class", className);
  if (!found.parentNode) parent.append(found);
  return found;
}

function draw(one) {
  const found = corners(one.field.value), { width, height } = svg.viewBox.baseVal;
  const places = found.map(([x, y]) => [x * width, y * height]);
  let drawn = svg.querySelector(`g[data-row="${one.number}"]`);
  if (!drawn) {
    drawn = document.createElementNS(SPACE, "g");
    drawn.dataset.row = one.number;
    svg.append(drawn);
  }
  drawn.setAttribute("class", `zone ${LOOKS[one.type.value] ?? LOOKS.INTEREST}`);
  const points = places.map((place) => place.map((at) => at.toFixed(1)).join(",")).join(" ");
  for (const name of ["zone-edge", "zone-line"]) piece(drawn, "polygon", name).setAttribute("points", points);
  drawn.querySelectorAll(".zone-corner").forEach((corner) => corner.remove());
  const name = piece(drawn, "text", "zone-number");
  name.textContent = places.length > 2 ? one.number : "";
  name.setAttribute("text-anchor", "middle");
  if (places.length) {
    name.setAttribute("x", places.reduce((sum, [x]) => sum + x, 0) / places.length);
    name.setAttribute("y", places.reduce((sum, [, y]) => sum + y, 0) / places.length);
  }
  if (one !== chosen) return;
  for (const [x, y] of places) {
    const corner = document.createElementNS(SPACE, "circle");
    corner.setAttribute("class", "zone-corner");
    corner.setAttribute("cx", x);
    corner.setAttribute("cy", y);
    corner.setAttribute("r", 6);
    drawn.append(corner);
  }
}

function tell(one) {
  const count = corners(one.field.value).length;
  if (said) said.textContent = said.dataset.words.replace("{zone}", one.number).replace("{count}", count);
}

// As if somebody had typed it: the entries are kept, the drawing follows.
function write(one, text) {
  one.field.value = text;
  one.field.dispatchEvent(new Event("input", { bubbles: true }));
  tell(one);
}

function choose(one) {
  const before = chosen;
  chosen = chosen === one ? null : one;
  if (before) draw(before);
  for (const each of rows) {
    each.row.toggleAttribute("data-chosen", each === chosen);
    each.row.querySelector("[data-zone-draw]").setAttribute("aria-pressed", String(each === chosen));
  }
  frame.toggleAttribute("data-drawing", chosen !== null);
  if (!chosen) return;
  draw(chosen);
  tell(chosen);
  frame.scrollIntoView({ block: "nearest" });
}

function share(at, from, size) {
  return String(Number(Math.min(1, Math.max(0, (at - from) / size)).toFixed(4)));
}

if (frame && svg) {
  for (const one of rows) {
    one.row.querySelector("[data-zone-tools]").hidden = false;
    one.row.querySelector("[data-zone-draw]").addEventListener("click", () => choose(one));
    one.row.querySelector("[data-zone-undo]").addEventListener("click", () =>
      write(one, one.field.value.trim().split(/\s+/).slice(0, -1).join(" ")));
    one.row.querySelector("[data-zone-clear]").addEventListener("click", () => write(one, ""));
    for (const field of [one.field, one.type]) field.addEventListener("input", () => draw(one));
    draw(one);
  }
  frame.addEventListener("click", (event) => {
    if (!chosen) return;
    const box = svg.getBoundingClientRect();
    const corner = `${share(event.clientX, box.left, box.width)},${share(event.clientY, box.top, box.height)}`;
    const before = chosen.field.value.trim().split(/\s+/).filter(Boolean);
    if (before.includes(corner) || before.length >= MOST_CORNERS) return;
    write(chosen, [...before, corner].join(" "));
  });
}
