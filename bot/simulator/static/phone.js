// One person with one phone: heading, phone, letter and sentences.

import { act } from "./api.js";
import { authorOf } from "./bubble.js";
import { Composer } from "./composer.js";
import { h, icon, iconButton } from "./dom.js";
import { MessageList } from "./list.js";
import { summary } from "./media.js";
import { alertBox, closeMenu, note, openMenu } from "./menu.js";
import { endonym, phoneWord, t, tagOf } from "./words.js";

const ANSWER_MS = 30_000;
const EMOJI = ["❤", "🙏", "👏", "🎉", "😢", "🤔"];

const signal = () => h("span", { class: "signal", "aria-hidden": "true" },
  h("i", { class: "bars" }, h("b"), h("b"), h("b"), h("b")), h("i", { class: "battery" }));

export class PhoneView {
  /** world: {bot(), now()}; phone as /sim/state tells it. */
  constructor(phone, world) {
    this.data = phone;
    this.world = world;
    this.turn = Promise.resolve();
    this.waiting = new Map();
    this.answered = new Map();
    const ctx = {
      get bot() { return world.bot(); },
      start: (token) => this.start(token),
      send: (text) => this.say(text),
      tap: (...what) => this.tap(...what),
      reply: (id) => this.reply(id),
      menu: (id, anchor, point) => this.options(id, anchor, point),
      complain: (text) => note(this.screen, text),
    };
    this.list = new MessageList({ phone: () => this.data, now: world.now, ctx });
    this.hour = h("time", { class: "status-hour", dir: "ltr" });
    this.state = h("span", { class: "state", dir: "auto" });
    this.more = iconButton("more", t("phoneMenu"), () => this.chatMenu(), { class: "tool", "aria-haspopup": "menu" });
    this.pin = h("button", { type: "button", class: "pin-bar", hidden: true });
    this.pin.addEventListener("click", () => this.list.jump(Number(this.pin.dataset.id)));
    this.empty = h("div", { class: "empty" });
    this.screen = h("div", { class: "screen" });
    this.heading = h("header", { class: "who" });
    this.letter = h("div", { class: "letter-place" });
    this.phrases = h("div", { class: "phrases-place" });
    this.node = h("section", { class: "person", id: `phone-${phone.chat_id}`, "data-chat": phone.chat_id });
    this.composer = new Composer({
      phone: () => this.data, host: this.screen, say: (text, extra) => this.say(text, extra),
      act: (verb, body) => this.act(verb, body), inTurn: (job) => this.inTurn(job),
      complain: (error) => this.complain(error), messageOf: (id) => this.list.messages.get(id),
      authorOf: (message) => authorOf(message, this.data, this.world.bot()), summaryOf: (message) => summary(message, this.data),
      hasFocus: () => this.node.contains(document.activeElement), lastOwn: () => this.lastOwn(),
    });
    this.screen.append(
      h("div", { class: "status" }, this.hour, signal()),
      h("div", { class: "chat-head" },
        h("img", { src: "/static/icon.svg", alt: "", width: "38", height: "38" }),
        h("div", { class: "track" }, h("strong", { dir: "auto" }, world.bot().first_name), this.state), this.more),
      this.pin, this.list.node, this.composer.node);
    this.list.node.append(this.empty);
    this.node.append(this.heading, h("div", { class: "phone" }, this.screen), this.letter, this.phrases);
    this.update(phone);
  }

  get id() {
    return this.data.chat_id;
  }

  update(phone) {
    const before = this.told;
    this.data = phone;
    this.told = JSON.stringify(phone);
    if (before === this.told) return;
    this.node.style.setProperty("--tint", /^#[0-9a-f]{3,8}$/i.test(phone.colour ?? "") ? phone.colour : "#0b6e75");
    this.node.setAttribute("aria-label", t("phoneOf", { name: phone.first_name }));
    this.screen.dir = phone.dir;
    this.screen.lang = tagOf(phone);
    this.heading.replaceChildren(
      h("span", { class: "face", "aria-hidden": "true" }, [...phone.first_name][0] ?? "?"),
      h("div", { class: "track" }, h("h2", { dir: "auto" }, phone.first_name), h("p", { dir: "auto" }, phone.subtitle ?? "")),
      h("span", { class: "language", lang: tagOf(phone), dir: phone.dir }, endonym(tagOf(phone))));
    this.typing(phone.typing);
    this.composer.show(phone);
    this.showLetter();
    this.showPhrases();
    this.showEmpty();
  }

  showLetter() {
    const { letter, first_name: name } = this.data;
    this.letter.replaceChildren();
    if (!letter) return;
    const open = () => this.openLetter();
    const label = t("openInvite", { name });
    const code = h("img", { src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(letter.qr_svg)}`, alt: "QR", width: "104", height: "104", draggable: "false" });
    this.letter.append(h("article", { class: "letter", lang: tagOf(this.data) },
      h("button", { type: "button", class: "qr", onclick: open, "aria-label": label, title: label }, code),
      h("div", { class: "track" },
        h("h3", { dir: "auto" }, icon("letter"), letter.title),
        h("p", { dir: "auto" }, letter.text),
        h("button", { type: "button", class: "invite", dir: "ltr", onclick: open, title: label }, letter.url.replace(/^https?:\/\//, "")),
        h("small", { lang: document.documentElement.lang, dir: "ltr" }, t("scan")))));
  }

  openLetter() {
    let token = "";
    try {
      token = new URL(this.data.letter.url).searchParams.get("start") ?? "";
    } catch {
      // a letter without a token opens the chat as START does
    }
    this.start(token);
  }

  showPhrases() {
    const { phrases } = this.data;
    this.phrases.replaceChildren();
    if (!phrases?.length) return;
    const dutch = tagOf(this.data).startsWith("nl");
    this.phrases.append(h("section", { class: "phrases", lang: tagOf(this.data), dir: this.data.dir },
      h("h3", {}, h("span", { dir: "auto" }, phoneWord(this.data, "phrases")), h("small", { lang: document.documentElement.lang, dir: "ltr" }, t("tapToSend"))),
      h("div", { class: "chips" }, phrases.map((one) =>
        h("button", { type: "button", class: "chip", onclick: () => this.say(one.text) },
          h("span", { dir: "auto" }, one.text),
          one.meaning && !(dutch && one.meaning === one.text) ? h("small", { lang: "nl", dir: "ltr" }, one.meaning) : null)))));
  }

  showEmpty() {
    this.empty.hidden = this.list.size > 0;
    this.empty.replaceChildren(
      h("img", { src: "/static/icon.svg", alt: "", width: "64", height: "64" }),
      h("strong", { dir: "auto" }, this.world.bot().first_name),
      h("p", { lang: document.documentElement.lang, dir: "ltr" }, this.data.letter ? t("letterHint") : t("emptyHint")));
  }

  /** The clock of the demo went on. */
  tick(hour) {
    if (this.hour.textContent !== hour) this.hour.textContent = hour;
  }

  typing(on) {
    this.state.textContent = phoneWord(this.data, on ? "typing" : "bot");
    this.state.classList.toggle("busy", Boolean(on));
  }

  /** A message came or changed. True when it is a new one that the owner did not write. */
  put(message) {
    const fresh = this.list.put(message);
    this.empty.hidden = this.list.size > 0;
    this.showPin();
    const incoming = fresh && !message.sim?.outgoing;
    if (incoming) {
      this.typing(false);
      this.glow();
    }
    const { force_reply: force } = this.data;
    if (force?.message_id === message.message_id) this.composer.show(this.data);
    return incoming;
  }

  showPin() {
    const pinned = [...this.list.messages.values()].filter((one) => one.sim?.pinned).at(-1);
    this.pin.hidden = !pinned;
    if (!pinned) return;
    this.pin.dataset.id = pinned.message_id;
    const text = summary(pinned, this.data);
    this.pin.setAttribute("aria-label", `${t("pinned")}: ${text}`);
    this.pin.replaceChildren(h("i", { "aria-hidden": "true" }, "📌"), h("span", { dir: "auto" }, text));
  }

  glow() {
    this.node.classList.remove("glow");
    requestAnimationFrame(() => this.node.classList.add("glow"));
    clearTimeout(this.glowTimer);
    this.glowTimer = setTimeout(() => this.node.classList.remove("glow"), 1500);
  }

  remove(id) {
    this.list.remove(id);
    this.composer.gone(id);
    this.showPin();
    this.empty.hidden = this.list.size > 0;
  }

  sync(messages) {
    this.list.sync(messages);
    this.composer.show(this.data);
    this.showEmpty();
    this.showPin();
  }

  /** Do one thing after the other, in the order the person did them. True when it worked. */
  inTurn(job) {
    const done = this.turn.then(job).then((answer) => answer ?? {}, (error) => {
      this.complain(error);
      return null;
    });
    this.turn = done;
    return done;
  }

  complain(error) {
    const known = { 0: t("noServer"), 404: t("gone"), 413: t("tooLarge") }[error.status];
    note(this.screen, t("notSent", { why: known ?? error.message }));
  }

  act(verb, body) {
    return this.inTurn(() => act(this.id, verb, body));
  }

  say(text, { reply_to_message_id: reply, quote } = {}) {
    return this.act("say", { text, ...(reply ? { reply_to_message_id: reply } : {}), ...(quote ? { quote } : {}) });
  }

  start(token) {
    return this.say(token ? `/start ${token}` : "/start");
  }

  async tap(row, column, button, key) {
    if (key.copy_text) {
      navigator.clipboard?.writeText(key.copy_text.text).catch(() => {});
      return;
    }
    if (button.getAttribute("aria-busy") === "true") return;
    const id = Number(button.closest(".row").dataset.id);
    button.setAttribute("aria-busy", "true");
    const body = { message_id: id, ...(key.callback_data ? { data: key.callback_data } : { button: [row, column] }) };
    const done = () => button.removeAttribute("aria-busy");
    const answer = await this.inTurn(() => act(this.id, "tap", body).catch((error) => {
      // the bot took the button away under the finger: as in Telegram the tap still reaches it
      if (error.status !== 404 || !key.callback_data) throw error;
      return act(this.id, "tap", { message_id: id, raw_data: key.callback_data });
    }));
    const query = answer?.callback_query_id;
    if (!query || this.answered.delete(query)) {
      done();
      return;
    }
    this.waiting.set(query, done);
    setTimeout(() => this.waiting.delete(query) && done(), ANSWER_MS);
  }

  /** The bot answered a tap. */
  callback({ callback_query_id: query, text, show_alert: loud }) {
    const done = this.waiting.get(query);
    if (done) done();
    else {
      this.answered.set(query, true);
      if (this.answered.size > 100) this.answered.delete(this.answered.keys().next().value);
    }
    this.waiting.delete(query);
    if (text && loud) alertBox(this.screen, this.world.bot().first_name, text);
    else if (text) note(this.screen, text);
  }

  reply(id) {
    const text = this.list.messages.get(id)?.text ?? "";
    const chosen = getSelection();
    const inside = chosen?.anchorNode && this.list.rows.get(id)?.row.contains(chosen.anchorNode);
    const quote = inside ? String(chosen).trim() : "";
    this.composer.reply(id, { quote: quote && text.includes(quote) ? quote : undefined });
  }

  lastOwn() {
    const own = [...this.list.messages.values()].filter((one) => one.sim?.outgoing && one.text);
    return own.at(-1)?.message_id;
  }

  options(id, anchor, point) {
    const message = this.list.messages.get(id);
    if (!message) return;
    const own = message.sim?.outgoing;
    const worn = message.sim?.reactions ?? [];
    const text = message.text ?? message.caption;
    const word = (key) => ({ label: phoneWord(this.data, key), title: t(key) });
    const items = [{ strip: EMOJI.map((emoji) => ({ label: emoji, title: t("react", { emoji }), run: () => this.act("react", { message_id: id, emoji: worn.includes(emoji) ? "" : emoji }) })) }];
    items.push({ ...word("reply"), icon: "reply", run: () => this.reply(id) });
    if (text && !message.has_protected_content) items.push({ ...word("copy"), icon: "copy", run: () => navigator.clipboard?.writeText(text).catch(() => {}) });
    if (own && message.text) items.push({ ...word("edit"), icon: "edit", run: () => this.composer.edit(id) });
    if (own) items.push({ ...word("delete"), icon: "trash", danger: true, run: () => this.act("delete", { message_id: id }) });
    openMenu(this.screen, anchor, items, { label: t("options"), point });
  }

  chatMenu() {
    const { blocked } = this.data;
    openMenu(this.screen, this.more, [
      { label: t(blocked ? "unblock" : "block"), icon: "block", danger: !blocked, run: () => this.act("block", { blocked: !blocked }) },
    ], { label: t("phoneMenu") });
  }

  leave() {
    closeMenu(false);
    this.node.remove();
  }
}
