// The reviewer's page with keys: everything here is a link or a form on the page as well.

const single = document.getElementById("single"), sides = document.getElementById("sides");
const picture = document.getElementById("picture"), caption = document.getElementById("caption");
const frames = [...document.querySelectorAll("#strip a")];
const PLAY_MS = 200;

// ---- how long the images were seen, and how large ------------------------------------------------

let seenFor = 0, since = document.visibilityState === "visible" ? performance.now() : null;
const seenLarge = new Map();

function dwell() {
  return Math.round(seenFor + (since === null ? 0 : performance.now() - since));
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") { since ??= performance.now(); return; }
  seenFor = dwell();
  since = null;
});

// The width of the event's images on the page: that of the strip, unless each was shown alone too.
function width() {
  const mine = frames.filter((frame) => frame.parentElement.dataset.part === "event");
  const widths = mine.map((frame) => seenLarge.get(frame.dataset.large) ?? frame.querySelector("img").clientWidth);
  return Math.max(1, Math.round(Math.min(...widths)));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.querySelector("[data-dwell]")) return;
  form.querySelector("[data-dwell]").value = String(Math.max(1, dwell()));
  const shown = width();
  if (Number.isFinite(shown)) form.querySelector("[data-width]").value = String(shown);
}, true);

// ---- what is shown ---------------------------------------------------------------------------------

let playing = 0, at = Math.max(0, frames.findIndex((frame) => frame.hasAttribute("aria-current")));

function stop() { clearTimeout(playing); playing = 0; }

function mark(name) {
  for (const tool of document.querySelectorAll(".toolbar [data-look]")) {
    if (tool.dataset.look === name) tool.setAttribute("aria-current", "true");
    else tool.removeAttribute("aria-current");
  }
}

// ---- full resolution, and zones over the images: both stay as they are from event to event ----------

const zoom = document.getElementById("zoom"), zoomFrame = document.getElementById("zoom-frame");
const zones = document.getElementById("zones-switch");
const WIDTH = /width=\d+$/;

function kept(name) {
  try { return window.sessionStorage.getItem(name); } catch { return null; }
}

function keep(name, value) {
  try { window.sessionStorage.setItem(name, value); } catch { /* it holds for this page then */ }
}

function isZoomed() { return zoom?.hasAttribute("aria-current") ?? false; }

function switched(link, on) {
  if (on) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}

// A difference has no other resolution: it stays fitted to the page.
function framed(source) {
  const large = isZoomed() && source.includes("/images/");
  zoomFrame.classList.toggle("zoom-frame", large);
  if (large) {
    zoomFrame.tabIndex = 0;
    zoomFrame.setAttribute("role", "region");
    zoomFrame.setAttribute("aria-label", zoomFrame.dataset.words);
  } else for (const name of ["tabindex", "role", "aria-label"]) zoomFrame.removeAttribute(name);
  const full = source.replace(WIDTH, `width=${zoomFrame.dataset.full}`), link = document.getElementById("full-size");
  link.hidden = !source.includes("/images/");
  link.querySelector("a").href = full;
  return large ? full : source;
}

function switchZoom() {
  if (!zoom) return;
  switched(zoom, !isZoomed());
  const shown = single.hidden ? "" : picture.getAttribute("src") ?? "";
  if (shown.includes("/images/")) showAlone(shown.replace(WIDTH, `width=${zoomFrame.dataset.fitted}`), caption.textContent, lookNow());
  else if (isZoomed()) show("peak");
}

function switchZones(on) {
  if (!zones) return;
  switched(zones, on);
  for (const drawing of document.querySelectorAll("[data-zones]")) drawing.hidden = !on;
  keep("keiryo-zones", on ? "on" : "off");
}

function lookNow() {
  return document.querySelector(".toolbar [data-look][aria-current]")?.dataset.look ?? "sides";
}

if (zones && kept("keiryo-zones")) switchZones(kept("keiryo-zones") === "on");

async function showAlone(asked, words, name) {
  if (!asked) return;
  const source = framed(asked);
  sides.hidden = true;
  single.hidden = false;
  mark(name);
  picture.alt = words;
  caption.textContent = words;
  if (picture.getAttribute("src") !== source) picture.src = source;
  try { await picture.decode(); } catch { return; }
  // What is larger than its frame was not all in view: only a fitted image tells how large it was seen.
  if (picture.getAttribute("src") === source && source === asked) seenLarge.set(source, picture.clientWidth);
}

async function showFrame(number) {
  at = number;
  frames.forEach((frame, n) => n === number ? frame.setAttribute("aria-current", "true") : frame.removeAttribute("aria-current"));
  const frame = frames[number];
  frame.scrollIntoView({ block: "nearest", inline: "nearest" });
  await showAlone(frame.dataset.large, frame.dataset.words, "around");
}

async function play(number) {
  const mine = playing = -1;
  await showFrame(number);
  if (playing !== mine) return;
  if (number + 1 < frames.length) playing = setTimeout(() => play(number + 1), PLAY_MS);
  else playing = 0;
}

function show(name) {
  const went = playing;
  stop();
  if (name === "sides") { single.hidden = true; sides.hidden = false; mark(name); return; }
  if (name !== "around") { showAlone(single.dataset[name], single.dataset[`${name}Words`], name); return; }
  if (!went && frames.length) play(at + 1 < frames.length ? at : 0);
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const turned = event.target.closest("#zoom, #zones-switch");
  if (turned) {
    event.preventDefault();
    if (turned === zoom) switchZoom();
    else switchZones(!zones.hasAttribute("aria-current"));
    return;
  }
  const tool = event.target.closest(".toolbar [data-look]"), frame = event.target.closest("#strip a");
  if (!tool && !frame) return;
  event.preventDefault();
  if (tool) show(tool.dataset.look);
  else { stop(); showFrame(frames.indexOf(frame)); }
});

// Fetched beforehand, so that comparing is at once.
window.addEventListener("load", () => {
  for (const name of ["before", "after", "difference", "changed"]) if (single?.dataset[name]) new Image().src = single.dataset[name];
});

// ---- keys: before those of all pages, which move through tables with some of them -----------------

const follow = (name) => document.querySelector(`[data-key-link="${name}"]`)?.click();
const looks = { s: "sides", b: "before", e: "peak", a: "after", d: "difference", f: "changed", " ": "around" };
const leads = { n: "next", j: "next", p: "previous", k: "previous", o: "waiting" };
let afterG = 0;

function off() {
  try { return window.localStorage.getItem("keiryo-keys") === "off"; } catch { return false; }
}

function verdict(key) {
  const button = document.querySelector(`[data-verdict="${key}"]`), operation = document.getElementById("f-operation");
  if (!button || button.disabled) return;
  if (key === "1" && operation && !operation.value) { operation.focus(); return; }
  button.click();
}

function pressed(event) {
  const target = event.target.closest?.("input, select, textarea, [contenteditable]");
  if (event.key === "Escape" && target) { target.blur(); return; }
  if (target || document.querySelector("dialog[open]") || off()) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "g") { afterG = performance.now() + 1500; return; }
  if (performance.now() < afterG) { afterG = 0; return; }
  if (event.key === " " && event.target.closest?.("button, summary, a")) return;
  if (event.key in looks) show(looks[event.key]);
  else if (event.key in leads) follow(leads[event.key]);
  else if (["1", "2", "3", "4", "l"].includes(event.key)) verdict(event.key);
  else if (event.key === "x") switchZoom();
  else if (event.key === "z") switchZones(!zones?.hasAttribute("aria-current"));
  else if (event.key === "m") document.getElementById("f-note")?.focus();
  else return;
  event.preventDefault();
  event.stopImmediatePropagation();
}

window.addEventListener("keydown", pressed, true);

const told = document.getElementById("reviewer-keys"), dialog = document.querySelector("#keys dl");
if (told && dialog) for (const line of [...told.children].reverse()) dialog.prepend(line.cloneNode(true));
