// What pages gain where scripts run. Every page reads and every form posts without this file.

const root = document.documentElement;
const words = document.getElementById("sentences")?.dataset ?? {};
const token = () => document.querySelector('meta[name="form-token"]')?.content ?? "";
const say = (text) => { const live = document.getElementById("live"); if (live) live.textContent = text; };
const filled = (text, values) => (text ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const store = (kind) => { try { return window[kind]; } catch { return null; } };

// ---- colours: at once, and kept by the server -------------------------------------------------

function chooseTheme(event) {
  const form = event.target.closest('form[data-choice="theme"]');
  if (!form) return;
  event.preventDefault();
  const pressed = event.submitter;
  const body = new URLSearchParams(new FormData(form, pressed));
  root.dataset.theme = pressed.value;
  form.parentElement.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === pressed)));
  fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => {});
}

// ---- menus that open over the page --------------------------------------------------------------

function closeDrops(event) {
  for (const drop of document.querySelectorAll("details.drop[open]")) {
    if (event.type === "keydown") { drop.open = false; drop.querySelector("summary").focus(); }
    else if (!drop.contains(event.target)) drop.open = false;
  }
}

// ---- keys; they can be turned off, as not everybody's keyboard is a keyboard ---------------------

const keysOff = () => store("localStorage")?.getItem("keiryo-keys") === "off";
let waitsForPlace = 0;

function pressKey(event) {
  if (event.key === "Escape") { closeDrops(event); return; }
  const busy = event.target.closest("input, select, textarea, [contenteditable]") || document.querySelector("dialog[open]");
  if (busy || keysOff() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (performance.now() < waitsForPlace) {
    waitsForPlace = 0;
    const place = document.querySelector(`.side a[data-key="${CSS.escape(event.key)}"]`);
    if (place) { event.preventDefault(); place.click(); }
    return;
  }
  const actions = {
    "/": () => document.getElementById("search")?.select(),
    "?": () => showDialog("keys"),
    g: () => { waitsForPlace = performance.now() + 1500; },
    j: () => moveRow(1),
    k: () => moveRow(-1),
  };
  const own = /^[a-z]$/.test(event.key) && document.querySelector(`main [data-press-key="${event.key}"]`);
  if (own) { event.preventDefault(); own.click(); return; }
  if (!Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  if (event.key === "/") document.getElementById("search")?.focus();
  actions[event.key]();
}

function moveRow(step) {
  const table = document.activeElement?.closest?.("table") ?? document.querySelector("tr.at")?.closest("table")
    ?? document.querySelector("[data-table] table");
  const rows = [...(table?.tBodies[0]?.rows ?? [])].filter((row) => !row.querySelector("td.none"));
  if (!rows.length) return;
  const now = rows.findIndex((row) => row.classList.contains("at"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, now + step))];
  document.querySelectorAll("tr.at").forEach((row) => row.classList.remove("at"));
  next.classList.add("at");
  const link = next.querySelector("a[href]");
  if (!link) next.tabIndex = -1;
  (link ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function showDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}

// ---- forms: ask first, send once, keep what is typed ---------------------------------------------

function submitForm(event) {
  const form = event.target, question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !form.dataset.confirmed) {
    event.preventDefault();
    ask(question, () => { form.dataset.confirmed = "yes"; form.requestSubmit(event.submitter); delete form.dataset.confirmed; });
    return;
  }
  if (event.defaultPrevented || form.method === "get") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.matches("[data-once]")) {
    form.dataset.sent = "yes";
    // After this turn, so that the pressed button's own value is still sent.
    setTimeout(() => form.querySelectorAll("button[type=submit]").forEach((b) => { b.disabled = true; }));
  }
  if (form.matches("[data-upload]")) { event.preventDefault(); upload(form, event.submitter); }
  forget(form);
}

function ask(question, then) {
  const dialog = document.getElementById("confirm");
  if (!dialog) { if (window.confirm(question)) then(); return; }
  dialog.querySelector("#confirm-text").textContent = question;
  dialog.returnValue = "";
  dialog.addEventListener("close", () => { if (dialog.returnValue === "yes") then(); }, { once: true });
  dialog.showModal();
  dialog.querySelector("button[value=no]").focus();
}

function release(form) {
  delete form.dataset.sent;
  form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = false; });
}

function upload(form, submitter) {
  const request = new XMLHttpRequest(), panel = form.querySelector("[data-upload-progress]");
  const bar = panel?.querySelector("progress"), text = panel?.querySelector("[data-upload-text]");
  const tell = (sentence) => { if (text) text.textContent = sentence; };
  if (panel) panel.hidden = false;
  if (bar) bar.hidden = false;
  request.upload.addEventListener("progress", (event) => {
    if (!event.lengthComputable || !bar) return;
    const percent = Math.floor((100 * event.loaded) / event.total);
    bar.value = percent;
    tell(percent < 100 ? filled(words.uploading, { percent: `${percent} %` }) : words.checking);
  });
  const lost = () => { if (bar) bar.hidden = true; tell(words.uploadLost); release(form); };
  request.addEventListener("error", lost);
  request.addEventListener("timeout", lost);
  request.addEventListener("load", () => {
    if ((request.getResponseHeader("Content-Type") ?? "").startsWith("text/html")) showPage(request);
    else { release(form); window.location.assign(request.responseURL); }
  });
  request.open("POST", form.action);
  request.send(new FormData(form, submitter));
}

// The answer to an upload is a page that was fetched already; asking again would lose its notices.
function showPage(request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const moved = new URL(request.responseURL);
  if (moved.href !== window.location.href && request.status < 400) history.pushState(null, "", moved.pathname + moved.search);
  document.title = page.title;
  document.body.replaceChildren(...document.adoptNode(page.body).childNodes);
  window.htmx?.process(document.body);
  enhance(document);
  window.scrollTo(0, 0);
  (document.querySelector("[data-focus]") ?? document.getElementById("main"))?.focus();
}

const timers = new WeakMap();
const draftName = (form) => `keiryo-draft ${form.dataset.autosave}`;

function typedInto(form) {
  const left = new Set([...form.querySelectorAll("input[type=password], input[type=file]")].map((field) => field.name));
  return Object.fromEntries([...new FormData(form)].filter(([name, value]) =>
    typeof value === "string" && !name.startsWith("_") && !left.has(name)));
}

function typing(event) {
  const form = event.target.closest?.("form[data-autosave]");
  if (!form) return;
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => save(form), 1000));
}

async function save(form) {
  const fields = typedInto(form), told = form.querySelector("[data-saved-text]");
  const tell = (text) => { if (told && told.textContent !== text) told.textContent = text; };
  try {
    const answer = await fetch("/forms/save", {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-Form-Token": token() },
      body: JSON.stringify({ form: form.dataset.autosave, fields }),
    });
    if (answer.redirected || !(await answer.json()).saved) throw new Error(String(answer.status));
    store("sessionStorage")?.removeItem(draftName(form));
    tell(filled(words.saved, { time: new Date().toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }) }));
  } catch (error) {
    try { store("sessionStorage")?.setItem(draftName(form), JSON.stringify(fields)); } catch { /* full: the page still has it */ }
    tell(error instanceof TypeError ? words.kept : filled(words.unsaved, { reason: error.message }));
  }
}

function forget(form) {
  clearTimeout(timers.get(form));
}

function restore(form) {
  const name = draftName(form), kept = store("sessionStorage")?.getItem(name);
  if (!kept) return;
  for (const [field, value] of Object.entries(JSON.parse(kept))) {
    const control = form.elements.namedItem(field);
    if (!control) continue;
    if (control.type === "checkbox") control.checked = true;
    else control.value = value;
  }
  const told = form.querySelector("[data-saved-text]");
  if (told) told.textContent = words.restored ?? "";
  save(form);
}

// ---- tables and jobs that htmx replaces ------------------------------------------------------------

// An answer without the part that was asked for (signed out, an error) is shown as a page of its own.
function beforeSwap(event) {
  const context = event.detail?.ctx, wanted = context?.select;
  if (wanted?.startsWith("#") && !context.text?.includes(`id="${wanted.slice(1)}"`)) {
    event.preventDefault();
    const source = context.sourceElement, form = source?.closest?.("form[data-autosave]");
    if (form) {  // the session ended: what is typed waits in this window for the sign-in
      try { store("sessionStorage")?.setItem(draftName(form), JSON.stringify(typedInto(form))); } catch { /* full */ }
      window.location.assign(form.dataset.autosave);
    } else if (source?.closest?.(".job") || context.request.method?.toUpperCase() === "POST") {
      window.location.reload();
    } else {
      window.location.assign(new URL(context.request.action, window.location.href));
    }
  }
}

function afterSwap(event) {
  const place = event.detail?.ctx?.select;
  const part = place?.startsWith("#") ? document.querySelector(place) : null;
  enhance(part ?? document);
  const count = part?.querySelector(".pager-count");
  if (count) say(count.textContent);
}

// ---- charts that can be pointed at: a file of its own, for the pages that have one ----------------------

function offerChart(figure) {
  const version = new URL(import.meta.url).search;
  import(`./charts.js${version}`).then((charts) => charts.offer(figure)).catch(() => {});
}

// ---- begin -----------------------------------------------------------------------------------------------

function enhance(part) {
  part.querySelectorAll("button[data-show]").forEach((button) => { button.hidden = false; });
  part.querySelectorAll("form[data-autosave]").forEach(restore);
  part.querySelectorAll("figure.chart:has(script[data-chart])").forEach(offerChart);
  const off = document.getElementById("keys-on");
  if (off) off.checked = !keysOff();
}

document.addEventListener("submit", chooseTheme, true);
document.addEventListener("submit", submitForm);
document.addEventListener("input", typing);
document.addEventListener("change", (event) => {
  typing(event);
  if (event.target.id === "keys-on") store("localStorage")?.setItem("keiryo-keys", event.target.checked ? "on" : "off");
});
document.addEventListener("keydown", pressKey);
document.addEventListener("click", (event) => {
  closeDrops(event);
  const shows = event.target.closest?.("[data-show]");
  if (shows) showDialog(shows.dataset.show);
});
document.addEventListener("htmx:before:swap", beforeSwap);
document.addEventListener("htmx:after:swap", afterSwap);
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));
window.addEventListener("online", () => document.querySelectorAll("form[data-autosave]").forEach((form) => {
  if (store("sessionStorage")?.getItem(draftName(form))) save(form);
}));
enhance(document);
document.querySelector("[data-focus]")?.focus();

// ---- pictures that are wider than the window: what they are about comes into view --------------
// No column is cut on the left: the scrolled part begins with a whole one, from the first from which
// the box in focus is seen in full.
for (const focus of document.querySelectorAll(".pic-focus")) {
  const part = focus.closest(".pic-scroll"), seen = part?.getBoundingClientRect();
  if (!seen) continue;
  const at = (box) => box.getBoundingClientRect(), from = seen.left - part.scrollLeft + 8;
  const own = at(focus.querySelector(".pic-box") ?? focus), needed = own.right - from + 16 - part.clientWidth;
  const columns = [...part.querySelectorAll(".pic-box")].map((box) => at(box).left - from);
  const fits = columns.filter((left) => left >= needed && left <= own.left - from);
  part.scrollLeft = needed <= 0 ? 0 : Math.floor(Math.min(...fits, own.left - from));
}
