// Bot API entities to elements. Offsets are UTF-16 units, which is what a JavaScript string counts in.

import { h } from "./dom.js";
import { t } from "./words.js";

const SAFE = /^(https?:|mailto:|tel:)/i;
const BLOCKS = new Set(["blockquote", "expandable_blockquote", "pre"]);

/** The address behind an entity, or null when it is none that may be opened. */
export function addressOf(entity, text) {
  if (entity.type === "text_link") return safe(entity.url);
  if (entity.type === "url") return safe(text);
  return null;
}

function safe(address) {
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`;
  if (!SAFE.test(whole)) return null;
  try {
    return new URL(whole).href;
  } catch {
    return null;
  }
}

/** The token of https://t.me/<bot>?start=TOKEN, or null for any other address. */
export function startToken(address, username) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  const here = ["t.me", "telegram.me"].includes(url.hostname.replace(/^www\./, ""));
  const name = url.pathname.replaceAll("/", "").toLowerCase();
  if (!here || !username || name !== username.toLowerCase()) return null;
  return url.searchParams.get("start") ?? "";
}

function link(address, ctx) {
  const token = startToken(address, ctx.username);
  if (token !== null) {
    return h("a", { href: address, class: "link", onclick: (event) => {
      event.preventDefault();
      ctx.start(token);
    } });
  }
  return h("a", { href: address, class: "link", target: "_blank", rel: "noopener noreferrer" });
}

function spoiler() {
  const node = h("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": t("hidden") });
  const open = (event) => {
    if (node.classList.contains("open")) return;
    if (event.type === "keydown" && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    node.classList.add("open");
    for (const name of ["role", "tabindex", "aria-label"]) node.removeAttribute(name);
  };
  node.addEventListener("click", open);
  node.addEventListener("keydown", open);
  return node;
}

const MAKE = {
  bold: () => h("strong"),
  italic: () => h("em"),
  underline: () => h("u"),
  strikethrough: () => h("s"),
  code: () => h("code", { dir: "ltr" }),
  pre: () => h("pre", { dir: "auto" }),
  blockquote: () => h("blockquote", { dir: "auto" }),
  expandable_blockquote: () => {
    const node = h("blockquote", { dir: "auto", class: "fold", onclick: () => node.classList.toggle("fold") });
    return node;
  },
  spoiler,
  text_link: (entity, text, ctx) => inLink(entity, text, ctx),
  url: (entity, text, ctx) => inLink(entity, text, ctx),
  email: (entity, text) => h("a", { href: `mailto:${text}`, class: "link" }),
  phone_number: (entity, text) => h("a", { href: `tel:${text.replace(/[^+\d]/g, "")}`, class: "link", dir: "ltr" }),
  bot_command: (entity, text, ctx) =>
    h("button", { type: "button", class: "link command", onclick: () => ctx.send(text) }),
  mention: () => h("span", { class: "link" }),
  text_mention: () => h("span", { class: "link" }),
  hashtag: () => h("span", { class: "link" }),
  cashtag: () => h("span", { class: "link" }),
};

function inLink(entity, text, ctx) {
  const address = addressOf(entity, text);
  return address ? link(address, ctx) : h("span");
}

/**
 * Text with its entities as nodes.
 * ctx: {dir, username, start(token), send(text)}: the direction of the whole, and what taps do.
 */
export function renderText(text, entities, ctx) {
  const list = [...(entities ?? [])]
    .filter((e) => e.length > 0 && e.offset >= 0 && e.offset + e.length <= text.length)
    .sort((a, b) => a.offset - b.offset || b.length - a.length);
  const root = document.createDocumentFragment();
  fill(root, text, 0, text.length, list, { ...ctx, marks: ctx.dir === "rtl" ? neutralLines(text) : [] });
  return root;
}

const RLM = "\u200f";

/** Where the lines begin that hold no letter of their own to give them a direction. */
function neutralLines(text) {
  const starts = [];
  let at = 0;
  for (const line of text.split("\n")) {
    if (line && directionOf(line) === null) starts.push(at);
    at += line.length + 1;
  }
  return starts;
}

/** A part of the text; in a right-to-left message a neutral line is kept on the right by a mark. */
function slice(text, from, to, ctx) {
  let part = "";
  let at = from;
  for (const mark of ctx.marks) {
    if (mark < from || mark >= to) continue;
    part += text.slice(at, mark) + RLM;
    at = mark;
  }
  return part + text.slice(at, to);
}

function fill(parent, text, from, to, list, ctx) {
  let at = from;
  while (list.length > 0 && list[0].offset < to) {
    const entity = list.shift();
    // what overlaps its neighbour without lying inside it starts where the neighbour ends
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    if (end <= start) continue;
    if (start > at) parent.append(slice(text, at, start, ctx));
    const node = (MAKE[entity.type] ?? (() => h("span")))(entity, text.slice(start, end), ctx);
    fill(node, text, start, end, list, ctx);
    parent.append(node);
    at = end;
    // a block ends its own line; the newline after it would show as an empty one
    if (BLOCKS.has(entity.type) && text[at] === "\n" && at < to) at += 1;
  }
  if (at < to) parent.append(slice(text, at, to, ctx));
}

/** The first web address in a message, for its preview card. */
export function firstLink(text, entities) {
  for (const entity of entities ?? []) {
    const part = text.slice(entity.offset, entity.offset + entity.length);
    const address = addressOf(entity, part);
    if (address?.startsWith("http")) return address;
  }
  return null;
}

const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
const LETTER = /\p{L}/u;

/**
 * The direction of the first letter outside isolates ("ltr", "rtl"), or null when there is none.
 * The browser's own dir=auto looks inside isolates too, and would let a Dutch name that stands
 * first turn an Arabic message around.
 */
export function directionOf(text) {
  let depth = 0;
  for (const char of text) {
    if (char >= "\u2066" && char <= "\u2068") depth += 1;
    else if (char === "\u2069") depth = Math.max(0, depth - 1);
    else if (depth === 0 && RTL.test(char)) return "rtl";
    else if (depth === 0 && LETTER.test(char)) return "ltr";
  }
  return null;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** How many pictograms a text is made of when it is nothing else and at most three; otherwise 0. */
export function loneEmoji(text) {
  if (text.length > 40) return 0;
  const parts = [...segmenter.segment(text.trim())].map((part) => part.segment);
  const only = parts.length > 0 && parts.length <= 3 && parts.every((part) => /\p{Extended_Pictographic}/u.test(part));
  return only ? parts.length : 0;
}
