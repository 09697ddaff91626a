// One message as its phone shows it.

import { h, icon, iconButton } from "./dom.js";
import { directionOf, firstLink, loneEmoji, renderText, startToken } from "./entities.js";
import { media, summary } from "./media.js";
import { hour } from "./time.js";
import { phoneWord, t, tagOf } from "./words.js";

/** Who wrote a message, in the words of this phone. */
export const authorOf = (message, phone, bot) =>
  message.sim?.outgoing || message.from?.id === phone.chat_id ? phoneWord(phone, "you") : bot.first_name;

function quote(message, phone, ctx) {
  const original = message.reply_to_message;
  if (!original) return null;
  const text = message.quote?.text ?? summary(original, phone);
  return h("button", { type: "button", class: "quote", "aria-label": `${t("jump")}: ${text}`, onclick: () => ctx.jump(original.message_id) },
    h("strong", { dir: "auto" }, authorOf(original, phone, ctx.bot)),
    h("span", { dir: "auto" }, text));
}

function forwarded(message, phone) {
  const origin = message.forward_origin;
  if (!origin) return null;
  const name = origin.sender_user?.first_name ?? origin.sender_user_name ?? origin.chat?.title ?? origin.sender_chat?.title ?? "";
  return h("div", { class: "forwarded", dir: "auto" }, `${phoneWord(phone, "forwarded")} ${name}`);
}

/** A title for an address, made from the address alone: nothing is fetched. */
function titleOf(url) {
  const parts = url.pathname.split("/").filter(Boolean);
  let last = parts.at(-1) ?? url.hostname.replace(/^www\./, "");
  try {
    last = decodeURIComponent(last);
  } catch {
    // keep the raw characters of a badly encoded path
  }
  const words = last.replace(/\.\w{2,5}$/, (end) => (parts.length ? "" : end)).replace(/[-_+]+/g, " ").trim() || url.hostname;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function preview(message, ctx) {
  const options = message.link_preview_options ?? {};
  if (options.is_disabled || !message.text) return null;
  const address = options.url || firstLink(message.text, message.entities);
  if (!address || startToken(address, ctx.bot.username) !== null) return null;
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (!url.protocol.startsWith("http")) return null;
  const domain = url.hostname.replace(/^www\./, "");
  return h("a", { class: "card", href: url.href, target: "_blank", rel: "noopener noreferrer", draggable: "false" },
    h("span", { class: "thumb", "aria-hidden": "true" }, [...domain][0].toUpperCase()),
    h("span", { class: "track" },
      h("small", { dir: "ltr" }, domain),
      h("strong", { dir: "auto" }, titleOf(url))));
}

function meta(message, phone) {
  const edited = message.sim?.edited || message.edit_date;
  const out = message.sim?.outgoing;
  return h("span", { class: "meta", dir: phone.dir },
    edited ? h("span", { class: "edited" }, phoneWord(phone, "edited")) : null,
    h("time", { dir: "ltr" }, hour(message.date * 1000)),
    out ? h("span", { class: "ticks", role: "img", "aria-label": "✓✓" }, icon("check"), icon("check")) : null);
}

function shownText(message) {
  const text = message.text ?? message.caption ?? "";
  // Telegram's apps show the tapped START as the bare command; the token is nobody's to read
  if (message.sim?.outgoing && /^\/start\s+\S+$/.test(text)) {
    return { text: "/start", entities: [{ type: "bot_command", offset: 0, length: 6 }] };
  }
  return { text, entities: message.entities ?? message.caption_entities ?? [] };
}

function service(message) {
  if (message.pinned_message) return "📌";
  return message.forum_topic_created?.name ?? message.new_chat_title ?? null;
}

/** The bubble of a message: everything but its inline keyboard. */
export function bubble(message, phone, ctx) {
  const note = service(message);
  if (note) return h("div", { class: "service", dir: "auto" }, note);
  const { text, entities } = shownText(message);
  const thing = media(message, phone, ctx);
  const large = !thing && entities.length === 0 ? loneEmoji(text) : 0;
  const node = h("div", { class: "bubble" });
  if (thing) node.classList.add("has-media", `kind-${thing.kind}`);
  if (large) node.classList.add("large", `large-${large}`);
  const dir = directionOf(text) ?? phone.dir;
  const taps = { dir, username: ctx.bot.username, start: ctx.start, send: ctx.send };
  const words = text ? h("div", { class: "txt", dir }, renderText(text, entities, taps)) : null;
  const mark = meta(message, phone);
  (words ?? node).append(mark);
  if (!words) node.classList.add("bare");
  const order = message.show_caption_above_media ? [words, thing?.node] : [thing?.node, words];
  node.prepend(...[forwarded(message, phone), quote(message, phone, ctx), ...order, preview(message, ctx)].filter(Boolean));
  const reactions = message.sim?.reactions ?? [];
  if (reactions.length) {
    node.append(h("div", { class: "reactions" }, reactions.map((one) => h("span", {}, typeof one === "string" ? one : one.emoji ?? "★"))));
  }
  return node;
}

/** The buttons under a message. ctx.tap(row, column, button element, button) does what a tap does. */
export function inlineKeyboard(message, ctx) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return h("div", { class: "ikb" }, rows.map((buttons, row) =>
    h("div", { class: "ikb-row" }, buttons.map((one, column) => {
      const label = h("span", { dir: "auto" }, one.text);
      if (one.url) {
        const token = startToken(one.url, ctx.bot.username);
        const open = (event) => {
          if (token === null) return;
          event.preventDefault();
          ctx.start(token);
        };
        const safe = /^(https?|tel|mailto):/i.test(one.url) ? one.url : null;
        return h("a", { class: "ikey", href: safe, target: "_blank", rel: "noopener noreferrer", onclick: open }, label, icon("link"));
      }
      const button = h("button", { type: "button", class: "ikey" }, label);
      if (one.style) button.classList.add(`style-${String(one.style).replace(/\W/g, "")}`);
      button.addEventListener("click", () => ctx.tap(row, column, button, one));
      return button;
    }))));
}

/** A whole row of the list: bubble, the two small buttons beside it, inline keyboard. */
export function messageRow(message, phone, ctx) {
  const out = Boolean(message.sim?.outgoing);
  const row = h("li", {
    class: `row ${out ? "out" : "in"}`, "data-id": message.message_id, tabindex: "-1", lang: tagOf(phone),
    "aria-label": `${authorOf(message, phone, ctx.bot)}, ${hour(message.date * 1000)}: ${summary(message, phone)}`,
  });
  row.dataset.date = message.date;
  const acts = h("div", { class: "acts" },
    iconButton("reply", t("reply"), () => ctx.reply(message.message_id), { class: "act", tabindex: "-1" }),
    iconButton("more", t("options"), (event) => ctx.menu(message.message_id, event.currentTarget), { class: "act", tabindex: "-1", "aria-haspopup": "menu" }));
  row.append(h("div", { class: "line" }, bubble(message, phone, ctx), acts));
  const keys = inlineKeyboard(message, ctx);
  if (keys) row.append(keys);
  return row;
}
