// The lower part of a phone: what a person types, records, attaches and taps.

import { upload } from "./api.js";
import { h, icon, iconButton } from "./dom.js";
import { openMenu } from "./menu.js";
import { sampleFile, samplePhoto } from "./samples.js";
import { clockOf } from "./time.js";
import { phoneWord, t } from "./words.js";

const MOST_LINES_PX = 132;
const SPOT = { latitude: 52.37403, longitude: 4.88969 };
const MIB = 1024 * 1024;

export class Composer {
  /** view: {phone, act(verb, body), inTurn(job), complain(error), host, messageOf(id), authorOf, summaryOf} */
  constructor(view) {
    this.view = view;
    this.about = null;
    this.known = "";
    this.forced = null;
    this.recording = null;
    this.area = h("textarea", { rows: "1", dir: "auto", enterkeyhint: "send", autocomplete: "off" });
    this.menuButton = h("button", { type: "button", class: "menu-button", "aria-haspopup": "menu", "aria-label": t("commands") });
    this.keysButton = iconButton("keys", t("keyboard"), () => this.toggleKeys(), { class: "tool" });
    this.attachButton = iconButton("clip", t("attach"), () => this.attach(), { class: "tool", "aria-haspopup": "menu" });
    this.micButton = iconButton("mic", t("voice"), () => this.record(), { class: "go" });
    this.sendButton = h("button", { type: "submit", class: "go send", "aria-label": t("send"), title: t("send") }, icon("send"));
    this.bar = h("div", { class: "bar", hidden: true });
    this.form = h("form", { class: "composer" }, this.menuButton,
      h("div", { class: "field" }, this.area, this.keysButton, this.attachButton), this.micButton, this.sendButton);
    this.recorder = h("div", { class: "composer recorder", hidden: true });
    this.bigButton = h("button", { type: "button", class: "big", hidden: true });
    this.keys = h("div", { class: "rkb", role: "group", "aria-label": t("keyboard"), hidden: true });
    this.node = h("div", { class: "lower" }, this.bar, this.form, this.recorder, this.bigButton, this.keys);
    this.listen();
    this.show(view.phone());
  }

  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.area.addEventListener("input", () => this.fit());
    this.area.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.submit();
      } else if (event.key === "Escape" && this.about) {
        event.preventDefault();
        this.settle();
      } else if (event.key === "ArrowUp" && !this.area.value && !this.about) {
        const last = this.view.lastOwn();
        if (last) {
          event.preventDefault();
          this.edit(last);
        }
      }
    });
    this.area.addEventListener("paste", (event) => {
      const file = event.clipboardData?.files[0];
      if (!file) return;
      event.preventDefault();
      this.sendFile(file.type.startsWith("image/") ? "photo" : "document", file, file.name);
    });
    this.menuButton.addEventListener("click", () => this.commands());
    this.bigButton.addEventListener("click", () => (this.view.phone().blocked
      ? this.view.act("block", { blocked: false })
      : this.view.say("/start")));
  }

  /** Show what is said about the phone now: its words, keyboards, whether the chat is open. */
  show(phone) {
    const force = phone.force_reply;
    const keyboard = phone.reply_keyboard;
    this.area.placeholder = force?.placeholder || keyboard?.input_field_placeholder || phoneWord(phone, "placeholder");
    this.area.setAttribute("aria-label", this.area.placeholder);
    this.menuButton.hidden = !phone.commands?.length;
    this.menuButton.replaceChildren(icon("menu"), h("span", { dir: "auto" }, phoneWord(phone, "menu")));
    const shut = phone.blocked || !phone.started;
    this.bigButton.hidden = !shut;
    this.bigButton.textContent = phone.blocked ? phoneWord(phone, "unblock") : phoneWord(phone, "start");
    this.form.hidden = shut || Boolean(this.recording);
    this.showKeys(shut ? null : keyboard);
    if (!force) this.forced = null;
    else if (this.forced !== force.message_id && this.view.messageOf(force.message_id)) {
      this.forced = force.message_id;
      this.reply(force.message_id, { focus: this.view.hasFocus() });
    }
    this.fit();
  }

  showKeys(keyboard) {
    const text = JSON.stringify(keyboard ?? null);
    this.keysButton.hidden = !keyboard;
    if (text === this.known) return;
    this.known = text;
    this.keys.replaceChildren();
    this.keys.hidden = !keyboard;
    this.keysButton.setAttribute("aria-pressed", String(Boolean(keyboard)));
    for (const row of keyboard?.keyboard ?? []) {
      this.keys.append(h("div", { class: "rkb-row" }, row.map((one) => {
        const key = typeof one === "string" ? { text: one } : one;
        return h("button", { type: "button", onclick: () => this.pressKey(key, keyboard) }, h("span", { dir: "auto" }, key.text));
      })));
    }
  }

  toggleKeys() {
    this.keys.hidden = !this.keys.hidden;
    this.keysButton.setAttribute("aria-pressed", String(!this.keys.hidden));
  }

  pressKey(key, keyboard) {
    const phone = this.view.phone();
    if (key.request_location) this.view.act("upload", { kind: "location", ...SPOT });
    else if (key.request_contact) this.view.act("upload", { kind: "contact", first_name: phone.first_name, phone_number: "+31 6 0000 0000" });
    else this.view.act("tap", { label: key.text });
    if (keyboard.one_time_keyboard) this.toggleKeys();
  }

  fit() {
    this.area.style.height = "auto";
    if (this.area.scrollHeight) this.area.style.height = `${Math.min(MOST_LINES_PX, this.area.scrollHeight)}px`;
    const writing = this.area.value.trim() !== "" || this.about?.verb === "edit";
    this.sendButton.hidden = !writing;
    this.micButton.hidden = writing;
  }

  focus() {
    if (!this.form.hidden) this.area.focus();
  }

  reply(id, { quote, focus = true } = {}) {
    const message = this.view.messageOf(id);
    if (!message) return;
    if (this.about?.verb === "edit") this.area.value = "";
    this.about = { verb: "reply", id, quote };
    this.showBar("reply", this.view.authorOf(message), quote || this.view.summaryOf(message));
    if (focus) this.focus();
  }

  edit(id) {
    const message = this.view.messageOf(id);
    if (!message) return;
    this.about = { verb: "edit", id };
    this.area.value = message.text ?? message.caption ?? "";
    this.showBar("edit", phoneWord(this.view.phone(), "edit"), this.view.summaryOf(message));
    this.focus();
  }

  showBar(name, title, text) {
    const say = name === "reply" ? t("reply") : t("edit");
    this.bar.replaceChildren(icon(name),
      h("span", { class: "track" }, h("span", { class: "sr" }, `${say}: `), h("strong", { dir: "auto" }, title), h("span", { dir: "auto" }, text)),
      iconButton("close", t("cancel"), () => this.settle(), { class: "tool" }));
    this.bar.hidden = false;
    this.fit();
  }

  /** Done with the reply or the edit, or called off. */
  settle() {
    if (this.about?.verb === "edit") this.area.value = "";
    this.about = null;
    this.bar.hidden = true;
    this.fit();
    if (this.view.hasFocus()) this.focus();
  }

  /** A message went away: it can no longer be answered or edited. */
  gone(id) {
    if (this.about?.id === id) this.settle();
  }

  /** Take the text and what it answers out of the composer; give them back with restore when it fails. */
  take() {
    const taken = { text: this.area.value, about: this.about };
    this.area.value = "";
    this.about = null;
    this.bar.hidden = true;
    this.fit();
    return taken;
  }

  restore({ text, about }) {
    this.area.value = [text, this.area.value].filter(Boolean).join("\n");
    if (about && !this.about && this.view.messageOf(about.id)) {
      const message = this.view.messageOf(about.id);
      this.about = about;
      this.showBar(about.verb, this.view.authorOf(message), this.view.summaryOf(message));
    }
    this.fit();
  }

  submit() {
    if (!this.area.value.trim()) return;
    const taken = this.take();
    const { text, about } = taken;
    const sent = about?.verb === "edit"
      ? this.view.act("edit", { message_id: about.id, text })
      : this.view.say(text, { reply_to_message_id: about?.id, quote: about?.quote });
    sent.then((ok) => ok || this.restore(taken));
  }

  async sendFile(kind, file, name, extra = {}) {
    if (file.size > 50 * MIB) {
      this.view.complain(new Error(`${name}: > 50 MB`));
      return;
    }
    const taken = this.take();
    const fields = { kind, file_name: name, caption: taken.text, reply_to_message_id: taken.about?.id, ...extra };
    const ok = await this.view.inTurn(() => upload(this.view.phone().chat_id, fields, file, name));
    if (!ok) this.restore(taken);
  }

  pick(kind, accept) {
    const input = h("input", { type: "file", accept });
    input.addEventListener("change", () => {
      const file = input.files[0];
      if (file) this.sendFile(kind, file, file.name);
    });
    input.click();
  }

  attach() {
    openMenu(this.view.host, this.attachButton, [
      { icon: "photo", label: t("samplePhoto"), run: async () => this.sendFile("photo", await samplePhoto(), "brief.jpg") },
      { icon: "photo", label: t("pickPhoto"), run: () => this.pick("photo", "image/*") },
      { icon: "file", label: t("sampleFile"), run: () => this.sendFile("document", sampleFile(), "inschrijving.pdf") },
      { icon: "file", label: t("pickFile"), run: () => this.pick("document", "") },
      { icon: "pin", label: t("location"), run: () => this.view.act("upload", { kind: "location", ...SPOT }) },
    ], { label: t("attach") });
  }

  commands() {
    openMenu(this.view.host, this.menuButton, this.view.phone().commands.map((one) => ({
      label: one.description, hint: `/${one.command}`, run: () => this.view.say(`/${one.command}`),
    })), { label: t("commands") });
  }

  record() {
    const start = performance.now();
    const length = h("span", { class: "length", dir: "ltr" }, "0:00");
    const seconds = () => Math.max(1, Math.round((performance.now() - start) / 1000));
    const tick = setInterval(() => {
      length.textContent = clockOf((performance.now() - start) / 1000);
    }, 250);
    const stop = () => {
      clearInterval(tick);
      this.recording = null;
      this.recorder.hidden = true;
      this.show(this.view.phone());
      this.micButton.focus();
    };
    const send = async () => {
      const duration = seconds();
      stop();
      const { voiceNote } = await import("./voice.js");
      this.sendFile("voice", voiceNote(duration), "voice.ogg", { duration });
    };
    this.recording = stop;
    this.form.hidden = true;
    this.recorder.hidden = false;
    const go = iconButton("send", t("voiceSend"), send, { class: "go" });
    this.recorder.replaceChildren(
      iconButton("trash", t("voiceCancel"), stop, { class: "tool danger" }),
      h("div", { class: "field" }, h("i", { class: "live-dot" }), length, h("span", { class: "hum", "aria-hidden": "true" }, ...Array.from({ length: 14 }, () => h("i")))),
      go);
    this.recorder.onkeydown = (event) => event.key === "Escape" && stop();
    go.focus();
  }
}
