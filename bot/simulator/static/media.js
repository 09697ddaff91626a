// What a message can hold besides text: pictures, sound, files, places, people.

import { dice, h, hash, icon, iconButton, svg } from "./dom.js";
import { clockOf } from "./time.js";
import { phoneWord, t } from "./words.js";

const BARS = 30;
let playing = null;

function sizeOf(bytes) {
  if (!bytes) return "";
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} kB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Show a picture over the whole page until it is closed. */
function enlarge(url, alt) {
  const dialog = h("dialog", { class: "light", "aria-label": alt },
    h("img", { src: url, alt }),
    iconButton("close", t("close"), () => dialog.close(), { class: "round" }));
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function photo(message, phone, url) {
  const best = message.photo.at(-1);
  const alt = message.caption || phoneWord(phone, "photo");
  const image = h("img", { src: url, alt, loading: "lazy", draggable: "false" });
  if (best.width && best.height) {
    image.setAttribute("width", best.width);
    image.setAttribute("height", best.height);
  }
  const box = h("button", { type: "button", class: "photo", "aria-label": `${t("openPhoto")}: ${alt}` }, image);
  if (message.has_media_spoiler) box.classList.add("veil");
  box.addEventListener("click", () => {
    if (box.classList.contains("veil")) box.classList.remove("veil");
    else enlarge(url, alt);
  });
  return box;
}

function sound(message, file, url, label, ctx) {
  const next = dice(hash(file.file_unique_id ?? file.file_id ?? "voice"));
  const wave = h("span", { class: "wave", "aria-hidden": "true" });
  let level = 0.4;
  for (let i = 0; i < BARS; i += 1) {
    level = level * 0.45 + next() * 0.55;
    const bar = h("i");
    bar.style.height = `${Math.round(4 + level * 20)}px`;
    wave.append(bar);
  }
  const audio = h("audio", { src: url, preload: "none" });
  const left = h("span", { class: "length", dir: "ltr" }, clockOf(file.duration));
  const button = h("button", { type: "button", class: "disc", "aria-label": `${t("play")}: ${label}` }, icon("play"));
  const paint = () => {
    const on = !audio.paused && !audio.ended;
    button.replaceChildren(icon(on ? "pause" : "play"));
    button.setAttribute("aria-label", `${t(on ? "pause" : "play")}: ${label}`);
    const total = file.duration || audio.duration || 1;
    const share = audio.ended ? 0 : audio.currentTime / total;
    [...wave.children].forEach((bar, i) => bar.classList.toggle("on", i / BARS < share));
    left.textContent = clockOf(audio.currentTime > 0 && !audio.ended ? audio.currentTime : file.duration);
  };
  for (const name of ["play", "pause", "timeupdate", "ended"]) audio.addEventListener(name, paint);
  button.addEventListener("click", () => {
    if (!audio.paused) {
      audio.pause();
      return;
    }
    if (playing && playing !== audio) playing.pause();
    playing = audio;
    audio.play().catch(() => ctx.complain(t("noPlay")));
  });
  const title = message.audio ? h("strong", { dir: "auto" }, file.title ?? file.file_name ?? label) : null;
  return h("div", { class: "sound" }, button, h("span", { class: "track" }, title ?? wave, left), audio);
}

function fileCard(message, phone, url) {
  const file = message.document;
  const name = file.file_name ?? phoneWord(phone, "document");
  const ending = /\.(\w{1,5})$/.exec(name)?.[1] ?? "";
  const inside = [
    h("span", { class: "disc" }, ending ? h("b", {}, ending.toUpperCase()) : icon("file")),
    h("span", { class: "track" }, h("strong", { dir: "auto" }, name), h("small", { dir: "ltr" }, sizeOf(file.file_size))),
    h("span", { class: "get" }, icon("download")),
  ];
  const label = t("download", { name });
  return url
    ? h("a", { class: "file", href: url, download: name, "aria-label": label, draggable: "false" }, inside)
    : h("div", { class: "file" }, inside);
}

/** A drawn street map, the same for the same place; no map is loaded from anywhere. */
function map(latitude, longitude) {
  const next = dice(hash(`${latitude.toFixed(3)},${longitude.toFixed(3)}`));
  const drawing = svg("svg", { viewBox: "0 0 280 150", preserveAspectRatio: "xMidYMid slice", class: "map", "aria-hidden": "true" });
  drawing.append(svg("rect", { width: 280, height: 150, class: "land" }));
  const bend = 20 + next() * 110;
  drawing.append(svg("path", { d: `M-10 ${bend}C80 ${bend - 60} 170 ${bend + 70} 290 ${bend - 10}`, class: "water" }));
  for (let i = 0; i < 3; i += 1) {
    drawing.append(svg("rect", { x: next() * 240, y: next() * 120, width: 30 + next() * 40, height: 20 + next() * 30, rx: 6, class: "park" }));
  }
  const tilt = next() * 30 - 15;
  for (let i = 0; i < 7; i += 1) {
    const x = i * 46 + next() * 18 - 10;
    drawing.append(svg("path", { d: `M${x} -10L${x + tilt} 160`, class: i % 3 ? "street" : "road" }));
  }
  for (let i = 0; i < 4; i += 1) {
    const y = i * 42 + next() * 14;
    drawing.append(svg("path", { d: `M-10 ${y}L290 ${y + tilt}`, class: i % 2 ? "street" : "road" }));
  }
  drawing.append(svg("ellipse", { cx: 140, cy: 88, rx: 9, ry: 3, class: "shade" }));
  drawing.append(svg("path", { d: "M140 88c-11-15-18-23-18-33a18 18 0 0 1 36 0c0 10-7 18-18 33z", class: "pin" }));
  drawing.append(svg("circle", { cx: 140, cy: 55, r: 7, class: "eye" }));
  return drawing;
}

function place(message) {
  const spot = message.venue?.location ?? message.location;
  const where = `${spot.latitude.toFixed(5)}, ${spot.longitude.toFixed(5)}`;
  const words = message.venue
    ? [h("strong", { dir: "auto" }, message.venue.title), h("span", { dir: "auto" }, message.venue.address)]
    : [];
  return h("div", { class: "place" },
    h("div", { role: "img", "aria-label": t("mapOf", { where: message.venue?.title ?? where }) },
      map(spot.latitude, spot.longitude)),
    h("div", { class: "where" }, words, h("small", { dir: "ltr" }, where)));
}

function person(message) {
  const { first_name: first, last_name: last, phone_number: number } = message.contact;
  const name = [first, last].filter(Boolean).join(" ");
  return h("div", { class: "file" },
    h("span", { class: "disc" }, h("b", {}, [...name][0] ?? "?")),
    h("span", { class: "track" }, h("strong", { dir: "auto" }, name), h("small", { dir: "ltr" }, number)));
}

function poll(message, phone) {
  const total = Math.max(1, message.poll.total_voter_count ?? 0);
  return h("div", { class: "poll" },
    h("strong", { dir: "auto" }, message.poll.question),
    h("small", {}, phoneWord(phone, "poll")),
    message.poll.options.map((option) => {
      const bar = h("i");
      bar.style.inlineSize = `${Math.round((100 * (option.voter_count ?? 0)) / total)}%`;
      return h("div", { class: "option" }, h("span", { dir: "auto" }, option.text), bar);
    }));
}

/** The part of a bubble that is not text, with its kind; null for a plain text message. */
export function media(message, phone, ctx) {
  const url = message.sim?.file_url ?? null;
  if (message.photo?.length) return { kind: "photo", node: photo(message, phone, url) };
  if (message.animation || message.video) {
    const film = h("video", { src: url, controls: true, preload: "metadata", playsinline: true, "aria-label": phoneWord(phone, "video") });
    return { kind: "video", node: film };
  }
  if (message.voice) return { kind: "voice", node: sound(message, message.voice, url, phoneWord(phone, "voice"), ctx) };
  if (message.audio) return { kind: "audio", node: sound(message, message.audio, url, phoneWord(phone, "audio"), ctx) };
  if (message.document) return { kind: "document", node: fileCard(message, phone, url) };
  if (message.venue || message.location) return { kind: "place", node: place(message) };
  if (message.contact) return { kind: "contact", node: person(message) };
  if (message.poll) return { kind: "poll", node: poll(message, phone) };
  if (message.sticker) {
    return { kind: "sticker", node: h("span", { class: "sticker", role: "img", "aria-label": phoneWord(phone, "photo") }, message.sticker.emoji ?? "⭐") };
  }
  return null;
}

const KINDS = ["photo", "video", "voice", "audio", "document", "venue", "location", "contact", "poll"];

/** One line that says what a message is, for quotes and for a screen reader. */
export function summary(message, phone) {
  const text = message.text ?? message.caption ?? "";
  const kind = KINDS.find((name) => message[name]);
  const label = kind ? phoneWord(phone, kind === "venue" ? "location" : kind) : message.sticker?.emoji ?? "";
  return [label, text].filter(Boolean).join(": ").replace(/\s+/g, " ").slice(0, 300);
}
