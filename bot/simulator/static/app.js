// The page: reads the state once, then follows the events of the server.

import { get, post } from "./api.js";
import { h } from "./dom.js";
import { summary } from "./media.js";
import { PhoneView } from "./phone.js";
import { dayKey, hour, longDay, setZone, shortMoment } from "./time.js";
import { pageLanguage, setPageLanguage, t, tagOf } from "./words.js";

const $ = (id) => document.getElementById(id);
const HOUR = 3600;
const DAY = 86_400;
const RETRY_MS = 1500;
const LOST_MS = 1200;
const HOLD_MS = 5000;

const views = new Map();
const unread = new Map();
let bot = { id: 0, username: "", first_name: "Taalbrug" };
let clock = { now: new Date().toISOString(), next_event: null, busy: false };
let clockRead = performance.now();
let stepping = false;
let active = null;
let today = "";
let queue = []; // events that wait for the state to be read, or for a finger to be lifted
let ready = false;
let held = false;
let reading = null;

const now = () => Date.parse(clock.now) + (performance.now() - clockRead);

// ---- clock ----

function setClock(value) {
  clock = value;
  clockRead = performance.now();
  setZone(value.zone);
  tick();
  paintSteps();
}

function tick() {
  const ms = now();
  const shown = hour(ms);
  if ($("hour").textContent !== shown || !$("hour").dateTime) {
    $("hour").textContent = shown;
    $("hour").dateTime = new Date(ms).toISOString();
    $("day").textContent = longDay(ms, pageLanguage());
  }
  for (const view of views.values()) view.tick(shown);
  const day = dayKey(ms);
  if (day !== today) {
    today = day;
    $("day").textContent = longDay(ms, pageLanguage());
    for (const view of views.values()) view.list.relabel();
  }
}

function paintSteps() {
  const busy = stepping || clock.busy;
  const next = clock.next_event ? Date.parse(clock.next_event) : null;
  $("clock").classList.toggle("busy", busy);
  $("clock").setAttribute("aria-busy", String(busy));
  $("step-hour").textContent = t("hour");
  $("step-day").textContent = t("day");
  $("next-at").textContent = busy ? t("busy") : next ? shortMoment(next, now(), pageLanguage()) : t("nothing");
  // aria-disabled and not disabled: a disabled button would lose the keyboard's place
  for (const name of ["step-hour", "step-day", "step-next"]) {
    $(name).setAttribute("aria-disabled", String(busy || (name === "step-next" && !next)));
  }
}

async function step(body, button) {
  if (button.getAttribute("aria-disabled") === "true") return;
  stepping = true;
  paintSteps();
  try {
    const value = await post("/sim/clock", body);
    stepping = false;
    setClock(value);
  } catch (error) {
    stepping = false;
    paintSteps();
    toast(t("notSent", { why: error.message || t("noServer") }));
  }
}

// ---- phones ----

function toast(text) {
  const node = h("div", { class: "toast" }, text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}

const world = { bot: () => bot, now };

function putPhone(phone) {
  const view = views.get(phone.chat_id);
  if (view) view.update(phone);
  else {
    const made = new PhoneView(phone, world);
    views.set(phone.chat_id, made);
    $("stage").append(made.node);
    made.tick(hour(now()));
  }
  if (active === null) active = phone.chat_id;
  paintTabs();
}

function announce(view, message) {
  const node = h("p", {}, t("newOn", { name: view.data.first_name }), " ",
    h("span", { lang: tagOf(view.data), dir: "auto" }, summary(message, view.data)));
  $("live").append(node);
  while ($("live").childElementCount > 20) $("live").firstElementChild.remove();
}

const narrow = matchMedia("(max-width: 719px)");

function arrived(view, message) {
  if (!view.put(message)) return;
  announce(view, message);
  if (narrow.matches && view.id !== active) {
    unread.set(view.id, (unread.get(view.id) ?? 0) + 1);
    paintTabs();
  }
}

function paintTabs() {
  const tabs = $("tabs");
  const focused = tabs.contains(document.activeElement);
  document.body.style.setProperty("--phones", String(Math.max(1, views.size)));
  tabs.replaceChildren(...[...views.values()].map((view) => {
    const chosen = view.id === active;
    const count = unread.get(view.id) ?? 0;
    view.node.classList.toggle("active", chosen);
    const tab = h("button", {
      type: "button", role: "tab", id: `tab-${view.id}`, "aria-selected": String(chosen), "aria-controls": view.node.id,
      tabindex: chosen ? "0" : "-1", onclick: () => activate(view.id),
    }, h("span", { class: "face", "aria-hidden": "true" }, [...view.data.first_name][0] ?? "?"), h("span", { dir: "auto" }, view.data.first_name),
    count ? h("b", { class: "unread", "aria-label": t("unread", { n: count }) }, String(count)) : null);
    tab.style.setProperty("--tint", view.node.style.getPropertyValue("--tint"));
    return tab;
  }));
  if (focused) tabs.querySelector("[aria-selected=true]")?.focus();
}

function activate(id) {
  active = id;
  unread.delete(id);
  paintTabs();
  const view = views.get(id);
  view?.list.toBottom();
  view?.composer.fit();
}

$("tabs").addEventListener("keydown", (event) => {
  const ids = [...views.keys()];
  const at = ids.indexOf(active);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: ids.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  activate(ids[(to + ids.length) % ids.length]);
});

// ---- state and events ----

const HANDLE = {
  message: (event) => arrived(views.get(event.chat_id), event.message),
  edited: (event) => arrived(views.get(event.chat_id), event.message),
  deleted: (event) => views.get(event.chat_id).remove(event.message_id),
  phone: (event) => putPhone(event.phone),
  typing: (event) => views.get(event.chat_id).typing(event.on),
  callback: (event) => views.get(event.chat_id).callback(event),
  clock: (event) => setClock(event.clock),
};

function handle(event) {
  const known = event.chat_id === undefined || views.has(event.chat_id);
  if (!(event.type in HANDLE)) return;
  if (!known) {
    readState(); // a phone that this page has not heard of: read everything again
    return;
  }
  HANDLE[event.type](event);
}

function flush() {
  while (ready && !held && queue.length) handle(queue.shift());
}

function receive(event) {
  if (event.type === "clock" && ready) {
    setClock(event.clock); // time must be seen to pass, also under a finger
    return;
  }
  queue.push(event);
  flush();
}

async function readState() {
  if (reading) return reading;
  ready = false;
  reading = (async () => {
    try {
      showState(await get("/sim/state"));
      lost(false);
    } catch {
      lost(true);
      setTimeout(() => readState(), RETRY_MS);
      return;
    } finally {
      reading = null;
    }
    ready = true;
    flush();
  })();
  return reading;
}

function showState(state) {
  bot = state.bot;
  setClock(state.clock);
  const ids = new Set(state.phones.map((phone) => phone.chat_id));
  for (const [id, view] of views) {
    if (ids.has(id)) continue;
    view.leave();
    views.delete(id);
    if (active === id) active = null;
  }
  for (const phone of state.phones) {
    putPhone(phone);
    views.get(phone.chat_id).sync(state.messages[phone.chat_id] ?? []);
  }
  $("stage").querySelector(".nobody")?.remove();
  if (!views.size) $("stage").append(h("p", { class: "nobody" }, t("noPhones")));
  document.body.classList.add("ready");
}

let lostTimer = 0;
function lost(on) {
  if (!on) {
    clearTimeout(lostTimer);
    lostTimer = 0;
    $("banner").hidden = true;
    return;
  }
  lostTimer ||= setTimeout(() => {
    $("banner").textContent = t("lost");
    $("banner").hidden = false;
  }, LOST_MS);
}

function listen() {
  const source = new EventSource("/sim/events");
  let last = 0;
  source.onopen = () => {
    last = 0;
    readState();
  };
  source.onmessage = (message) => {
    const number = Number(message.lastEventId);
    // a page that fell far behind has missed events
    if (last && number !== last + 1) readState();
    last = number;
    receive(JSON.parse(message.data));
  };
  source.onerror = () => {
    lost(true);
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, RETRY_MS);
  };
}

// While a finger is on a button nothing moves under it, so that no tap goes astray.
let holdTimer = 0;
function release() {
  clearTimeout(holdTimer);
  setTimeout(() => {
    held = false;
    flush();
  }, 0);
}
document.addEventListener("pointerdown", () => {
  held = true;
  clearTimeout(holdTimer);
  holdTimer = setTimeout(release, HOLD_MS);
}, true);
for (const name of ["pointerup", "pointercancel"]) document.addEventListener(name, release, true);

// ---- language of the page ----

function paintWords() {
  document.documentElement.lang = pageLanguage();
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = t(node.dataset.word);
  for (const node of document.querySelectorAll("[data-aria]")) node.setAttribute("aria-label", t(node.dataset.aria));
  for (const button of document.querySelectorAll(".tongue button")) {
    button.setAttribute("aria-pressed", String(button.dataset.lang === pageLanguage()));
  }
  $("hour").dateTime = "";
  tick();
  paintSteps();
}

for (const button of document.querySelectorAll(".tongue button")) {
  button.addEventListener("click", () => {
    if (button.dataset.lang === pageLanguage()) return;
    setPageLanguage(button.dataset.lang);
    paintWords();
    for (const view of views.values()) view.leave();
    views.clear();
    readState();
  });
}

$("step-hour").addEventListener("click", (event) => step({ advance_seconds: HOUR }, event.currentTarget));
$("step-day").addEventListener("click", (event) => step({ advance_seconds: DAY }, event.currentTarget));
$("step-next").addEventListener("click", (event) => step({ next: true }, event.currentTarget));
narrow.addEventListener("change", () => active !== null && activate(active));
setInterval(tick, 1000);
paintWords();
listen();
