// Charts that can be pointed at. The picture that the server made stays where it is, for print and
// for those who listen; a button beside it puts this chart in its place. What is read off is what
// the tables of the page say: texts of the server, or whole milligrams written without rounding.

const root = document.documentElement;
const locale = () => (root.lang === "en" ? "en-GB" : root.lang);
const HEIGHT = 260, LOW_HEIGHT = 200, DAY_S = 86400;

// ---- the library, once one of these charts is wanted ----------------------------------------------

let library;

function uPlotReady() {
  library ??= new Promise((ready, failed) => {
    const here = (name) => new URL(`vendor/${name}`, import.meta.url).pathname;
    const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: here("uPlot.min.css") });
    const script = Object.assign(document.createElement("script"), { src: here("uPlot.iife.min.js") });
    script.addEventListener("load", () => ready(window.uPlot));
    script.addEventListener("error", () => { library = undefined; failed(new Error("uPlot")); });
    document.head.append(sheet, script);
  });
  return library;
}

// ---- numbers, days, colours --------------------------------------------------------------------------

// A whole number of milligrams in a unit of 10 ** digits of them: exact, no zeros at the end.
function written(mg, digits) {
  const text = String(Math.abs(mg)).padStart(digits + 1, "0");
  const whole = new Intl.NumberFormat(locale()).format(BigInt(text.slice(0, text.length - digits)));
  const rest = text.slice(text.length - digits).replace(/0+$/, "");
  const point = new Intl.NumberFormat(locale()).formatToParts(0.5).find((part) => part.type === "decimal").value;
  return `${mg < 0 ? "-" : ""}${whole}${rest ? point + rest : ""}`;
}

const numbered = (value) => new Intl.NumberFormat(locale(), { maximumFractionDigits: 6 }).format(value);
const dated = (seconds, style) => new Intl.DateTimeFormat(locale(), { timeZone: "UTC", ...style }).format(seconds * 1000);

function dayOnAxis(seconds, step) {
  if (step >= 28 * DAY_S) return dated(seconds, { year: "numeric", month: "short" });
  return dated(seconds, step >= DAY_S ? { month: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit" });
}

function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

// Colour and dashes of a line: by what it is, as in the pictures, or by its place.
const LOOKS = {
  N: ["chart-1", [14, 4]], D: ["muted", [9, 3]], E: ["chart-2", []], U: ["link", [12, 3, 3, 3]],
  P: ["chart-4", [7, 3, 2, 3]], T: ["chart-3", [2, 3]],
  value: ["chart-1", []], band: ["muted", [2, 3]], guide: ["muted", [8, 3]],
  threshold: ["error", []], below: ["error", [6, 4]], alarm: ["error", []],
};
const DASHES = [[], [7, 3], [2, 2], [7, 3, 2, 3], [11, 3]];
const lookOf = (series, place) => LOOKS[series.look] ?? [`chart-${(place % 5) + 1}`, DASHES[place % 5]];

// ---- one chart ---------------------------------------------------------------------------------------

let charts = 0;
const made = (name, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(name), attributes);
  element.append(...children);
  return element;
};

class PointedChart {
  constructor(figure) {
    this.figure = figure;
    this.block = figure.querySelector("script[data-chart]");
    this.bar = figure.querySelector(".chart-switch");
    this.button = this.bar.querySelector("[data-chart-switch]");
    this.wholeButton = this.bar.querySelector("[data-chart-whole]");
    this.hint = this.bar.querySelector(".chart-hint");
    this.key = `keiryo-chart-${++charts}`;
    this.kept = `keiryo-chart ${window.location.pathname} ${this.block.dataset.chart}`;
    this.plots = [];
    this.button.addEventListener("click", () => this.choose(!this.chosen));
    this.wholeButton.addEventListener("click", () => { this.showWhole(); this.slider.focus(); });
    this.bar.hidden = false;
    try { if (sessionStorage.getItem(this.kept)) this.choose(true); } catch { /* nothing is kept */ }
  }

  get chosen() { return this.button.getAttribute("aria-pressed") === "true"; }

  async choose(wanted) {
    this.button.setAttribute("aria-pressed", String(wanted));
    try { if (wanted) sessionStorage.setItem(this.kept, "yes"); else sessionStorage.removeItem(this.kept); } catch { /* nothing is kept */ }
    if (!wanted) { this.remove(); return; }
    try { await this.draw(); } catch { this.button.setAttribute("aria-pressed", "false"); this.remove(); }
  }

  remove() {
    this.watcher?.disconnect();
    this.plots.forEach((plot) => plot.destroy());
    this.plots = [];
    this.place?.remove();
    this.figure.classList.remove("live");
    this.hint.hidden = this.wholeButton.hidden = true;
  }

  async draw() {
    const uPlot = await uPlotReady();
    if (!this.chosen) return;
    const before = this.plots[0] && { index: this.index, ...this.plots[0].scales.x };
    this.remove();
    this.data = JSON.parse(this.block.textContent);
    const { x } = this.data, first = x.values[0], last = x.values.at(-1);
    const room = x.kind === "time" ? Math.max(DAY_S, (last - first) / 100) : 0.5;
    [this.low, this.high, this.axis, this.index] = [first - room, last + room, 0, x.values.length - 1];
    this.panels = (this.data.panels ?? [{ ...this.data.y, series: this.data.series }]).map((panel) => ({
      ...panel, series: panel.series.map((series) => ({ ...series, full: this.full(series) })),
    }));
    this.build();
    this.figure.classList.add("live");
    this.hint.hidden = false;
    for (const panel of this.panels) this.plots.push(this.plot(uPlot, panel));
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.slider);
    this.zoom(before?.min ?? this.low, before?.max ?? this.high);
    this.read(before?.index ?? x.values.length - 1);
  }

  full(series) {
    if (!series.at) return series.values;
    const values = new Array(this.data.x.values.length).fill(null);
    series.at.forEach((place, n) => { values[place] = series.values[n]; });
    return values;
  }

  // The read-out with a switch for each line, and the place of the plots, which is moved along by keys.
  build() {
    this.at = made("p", { className: "chart-at" });
    const legends = made("div", { className: "chart-legends" });
    this.outs = [];
    this.slider = made("div", { className: "chart-plots", tabIndex: 0 });
    const said = { role: "slider", "aria-label": this.figure.querySelector("figcaption").textContent.trim(), "aria-valuemin": "0",
      "aria-valuemax": String(this.data.x.values.length - 1), "aria-orientation": "horizontal" };
    for (const [name, value] of Object.entries(said)) this.slider.setAttribute(name, value);
    this.slider.addEventListener("keydown", (event) => this.pressed(event));
    this.panels.forEach((panel, n) => {
      const list = made("ul", { className: "chart-legend" });
      legends.append(list);
      panel.series.forEach((series, place) => {
        if (series.quiet) return;
        const out = made("output");
        this.outs.push({ series, out });
        list.append(made("li", {}, this.named(n, panel, series, place), out));
      });
    });
    this.place = made("div", { className: "chart-live" }, this.at, legends, this.slider);
    this.block.after(this.place);
  }

  named(n, panel, series, place) {
    if (series.shape === "none") return made("span", { className: "chart-line", textContent: series.label });
    const button = made("button", { type: "button", className: "chart-line" }, sample(series, place), series.label);
    button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(shown));
      const both = [series, panel.series[place + 1]?.quiet ? panel.series[place + 1] : null];
      both.forEach((one) => { if (one) this.plots[n].setSeries(drawnOf(panel).indexOf(one) + 1, { show: shown }); });
    });
    return button;
  }

  plot(uPlot, panel) {
    const place = made("div", { className: "chart-plot" });
    this.slider.append(place);
    const data = [this.data.x.values, ...drawnOf(panel).map((series) => series.full)];
    const plot = new uPlot(this.options(uPlot, panel, place), data, place);
    plot.line = made("div", { className: "chart-cursor" });  // stands at the value that is read, not at the pointer
    plot.over.append(plot.line);
    plot.over.addEventListener("pointermove", (event) => this.touched(plot, event));
    plot.over.addEventListener("pointerdown", (event) => this.touched(plot, event));
    return plot;
  }

  options(uPlot, panel, place) {
    const { x } = this.data, time = x.kind === "time", font = "12px system-ui, sans-serif";
    const axis = { stroke: colour("muted"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 }, font };
    const value = (y) => (panel.digits === undefined ? numbered(y) : written(Math.round(y), panel.digits));
    const below = (u, splits, n, space, step) => splits.map((s) => {
      if (time) return dayOnAxis(s, step);
      if (!x.texts) return numbered(s);
      return x.texts[x.values.indexOf(s)] ?? "";
    });
    const along = { ...axis, values: below, space: x.texts && !time ? 130 : 80, ...(x.texts && !time ? { incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] } : {}) };
    const up = { ...axis, label: panel.label, labelFont: font, labelSize: 20, values: (u, splits) => splits.map(value),
      size: (u, texts) => { this.axis = Math.max(this.axis, 16 + 7 * Math.max(4, ...(texts ?? []).map((text) => text.length))); return this.axis; } };
    return {
      width: Math.max(place.clientWidth, 200), height: this.height(place), legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { x: { time } }, axes: [along, up],
      cursor: {
        sync: { key: this.key }, drag: { x: true, y: false }, points: { size: 9, fill: (u, n) => u.series[n].stroke(u, n) },
        bind: { dblclick: () => () => { this.showWhole(); return null; } },
      },
      series: [{}, ...drawnOf(panel).map((series) => this.line(uPlot, series, panel.series.indexOf(series)))],
      hooks: {
        setCursor: [(u) => { if (!this.moving && u.cursor.idx != null && u.cursor.left >= 0) this.read(u.cursor.idx); }],
        setScale: [(u, key) => { if (key === "x") this.zoom(u.scales.x.min, u.scales.x.max, u); }],
        drawAxes: [(u) => this.marks(u)],
      },
    };
  }

  line(uPlot, series, place) {
    const [name, dash] = lookOf(series, place), stroke = colour(name), points = series.shape === "points";
    const paths = { points: () => null, step: uPlot.paths.stepped({ align: 1 }), level: levels }[series.shape];
    return {
      stroke, dash: points ? undefined : dash, width: series.look === "band" ? 1.25 : 1.75, paths,
      points: { show: points || (series.look === "value" && series.full.length <= 150), size: points ? 9 : 5, stroke, fill: colour("paper"), width: 1.75 },
    };
  }

  // The days of takings as lines through all panels, and the line of nothing.
  marks(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = colour("muted");
    ctx.lineWidth = devicePixelRatio;
    const stroke = (x1, y1, x2, y2) => { ctx.beginPath(); ctx.moveTo(x1, y1); ctx.lineTo(x2, y2); ctx.stroke(); };
    const zero = u.valToPos(0, "y", true);
    if (zero > bbox.top && zero < bbox.top + bbox.height) stroke(bbox.left, zero, bbox.left + bbox.width, zero);
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const place of this.data.marks ?? []) {
      const x = u.valToPos(this.data.x.values[place], "x", true);
      if (x >= bbox.left && x <= bbox.left + bbox.width) stroke(x, bbox.top, x, bbox.top + bbox.height);
    }
    ctx.restore();
  }

  height(place) {
    if (this.panels.length > 1) return LOW_HEIGHT;
    return place.clientWidth < 560 ? 220 : HEIGHT;
  }

  resize() {
    for (const plot of this.plots) {
      const width = plot.root.parentElement.clientWidth;
      if (width && width !== plot.width) plot.setSize({ width, height: this.height(plot.root.parentElement) });
    }
    this.mark();
  }

  xText(index) {
    const { x } = this.data, value = x.values[index];
    if (x.texts) return x.texts[index];
    return x.kind === "time" ? dated(value, { year: "numeric", month: "short", day: "numeric" }) : numbered(value);
  }

  valueText(series, index) {
    const value = series.full[index];
    if (value == null) return "–";
    if (series.texts) return series.texts[series.at ? series.at.indexOf(index) : index];
    return series.digits === undefined ? numbered(value) : written(value, series.digits);
  }

  read(index) {
    this.index = index;
    const at = `${this.data.x.label}: ${this.xText(index)}`;
    this.at.textContent = at;
    for (const { series, out } of this.outs) out.textContent = this.valueText(series, index);
    const told = this.outs.filter(({ out }) => out.textContent !== "–").map(({ series, out }) => `${series.label}: ${out.textContent}`);
    this.mark();
    this.slider.setAttribute("aria-valuenow", String(index));
    this.slider.setAttribute("aria-valuetext", [at, ...told].join("; "));
  }

  mark() {
    for (const plot of this.plots) {
      const left = plot.valToPos(this.data.x.values[this.index], "x");
      plot.line.hidden = !(left >= 0 && left <= plot.over.clientWidth);
      plot.line.style.left = `${left}px`;
    }
  }

  // Shows the same stretch in every panel, over axes that are equally wide.
  zoom(min, max, from = null) {
    if (this.zooming || !this.plots.length) return;
    this.zooming = true;
    for (const plot of this.plots) if (plot !== from) plot.setScale("x", { min, max });
    if (this.plots.length > 1) queueMicrotask(() => this.plots.forEach((plot) => plot.redraw(false, true)));
    queueMicrotask(() => this.plots.length && this.mark());
    this.zooming = false;
    const whole = min <= this.low && max >= this.high;
    if (whole && document.activeElement === this.wholeButton) this.slider.focus();
    this.wholeButton.hidden = whole;
  }

  showWhole() { this.zoom(this.low, this.high); }

  // Goes to a value; what is shown follows if it lies outside.
  go(index) {
    const { values } = this.data.x, to = Math.min(values.length - 1, Math.max(0, index)), x = values[to];
    const { min, max } = this.plots[0].scales.x, half = (max - min) / 2;
    if (x < min || x > max) this.zoom(x - half, x + half);
    this.moving = true;
    for (const plot of this.plots) plot.setCursor({ left: plot.valToPos(x, "x"), top: plot.over.clientHeight / 2 }, true, false);
    this.moving = false;
    this.read(to);
  }

  pressed(event) {
    const marks = this.data.marks ?? [], last = this.data.x.values.length - 1;
    const { min, max } = this.plots[0].scales.x, middle = this.data.x.values[this.index];
    const narrow = (part) => this.zoom(Math.max(this.low, middle - (max - min) * part), Math.min(this.high, middle + (max - min) * part));
    const actions = {
      ArrowLeft: () => this.go(this.index - 1), ArrowDown: () => this.go(this.index - 1),
      ArrowRight: () => this.go(this.index + 1), ArrowUp: () => this.go(this.index + 1),
      Home: () => this.go(0), End: () => this.go(last),
      PageUp: () => this.go(marks.find((place) => place > this.index) ?? last),
      PageDown: () => this.go(marks.findLast((place) => place < this.index) ?? 0),
      "+": () => narrow(0.25), "-": () => narrow(1), Escape: () => this.showWhole(),
    };
    if (!Object.hasOwn(actions, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  touched(plot, event) {
    if (event.pointerType !== "touch") return;
    const box = plot.over.getBoundingClientRect();
    plot.setCursor({ left: event.clientX - box.left, top: event.clientY - box.top });
  }
}

const drawnOf = (panel) => panel.series.filter((series) => series.shape !== "none");

// A limit holds for one balance: a level as wide as it.
function levels(u, n) {
  const path = new Path2D(), [x] = u.data;
  u.data[n].forEach((value, place) => {
    if (value == null) return;
    const y = u.valToPos(value, "y", true);
    path.moveTo(u.valToPos(x[place] - 0.5, "x", true), y);
    path.lineTo(u.valToPos(x[place] + 0.5, "x", true), y);
  });
  return { stroke: path, fill: null, clip: null, flags: 1 };
}

// A piece of the line, or its mark, as it stands in the plot.
function sample(series, place) {
  const space = "http://www.w3.org/2000/svg", [name, dash] = lookOf(series, place), points = series.shape === "points";
  const picture = document.createElementNS(space, "svg"), line = document.createElementNS(space, points ? "circle" : "line");
  const ends = points ? { cx: 14, cy: 5, r: 3.5, fill: "none" } : { x1: 0, y1: 5, x2: 28, y2: 5, "stroke-dasharray": dash.join(" ") || "none" };
  for (const [key, value] of Object.entries({ ...ends, stroke: colour(name), "stroke-width": 2 })) line.setAttribute(key, value);
  for (const [key, value] of Object.entries({ width: 28, height: 10, "aria-hidden": "true" })) picture.setAttribute(key, value);
  picture.append(line);
  return picture;
}

// ---- offered beside each picture that has its data; drawn anew where colours change ------------------------

export function offer(figure) {
  if (figure.keiryoChart?.button.isConnected) return;
  figure.keiryoChart = new PointedChart(figure);
}

const again = () => document.querySelectorAll("figure.chart.live").forEach((figure) => figure.keiryoChart?.draw());
new MutationObserver(again).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
