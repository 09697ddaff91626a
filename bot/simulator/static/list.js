// The list of messages of one phone: order, days, scrolling, keyboard and swipe.

import { inlineKeyboard, messageRow } from "./bubble.js";
import { h, iconButton } from "./dom.js";
import { dayKey, dayLabel } from "./time.js";
import { phoneWord, t, tagOf } from "./words.js";

const NEAR = 60;
const SWIPE_START = 10;
const SWIPE_DONE = 48;
const SWIPE_MAX = 72;
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const DAY_MS = 86_400_000;
const FOCUSABLE = "a, button, audio, video, [role=button]";

export class MessageList {
  /** phone() gives what is said about the phone now; now() the demo's clock in ms; ctx what taps do. */
  constructor({ phone, now, ctx }) {
    this.phone = phone;
    this.now = now;
    this.ctx = { ...ctx, jump: (id) => this.jump(id) };
    this.messages = new Map();
    this.rows = new Map();
    this.current = null;
    this.chosen = false;
    this.bottom = true;
    this.bulk = false;
    this.top = 0;
    this.missed = 0;
    this.list = h("ol", { class: "msgs", "aria-label": t("messagesOf", { name: phone().first_name }) });
    this.scroller = h("div", { class: "scroller", tabindex: "-1" }, this.list);
    this.badge = h("b", { hidden: true });
    this.jumper = iconButton("down", t("toBottom"), () => this.toBottom(true), { class: "to-bottom", hidden: true });
    this.jumper.append(this.badge);
    this.node = h("div", { class: "chat" }, this.scroller, this.jumper);
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusin", (event) => this.choose(event.target.closest(".row"), true));
    this.list.addEventListener("load", () => this.bottom && this.toBottom(), true);
    this.list.addEventListener("contextmenu", (event) => this.context(event));
    this.list.addEventListener("dblclick", (event) => this.double(event));
    new ResizeObserver(() => this.bottom && this.toBottom()).observe(this.scroller);
    this.swiping();
  }

  get size() {
    return this.rows.size;
  }

  /** Show a message, or show it anew when it is there already. True when it is a new one. */
  put(message) {
    const id = message.message_id;
    const old = this.rows.get(id);
    const text = JSON.stringify(message);
    if (old?.text === text) return false;
    const before = this.messages.get(id);
    this.messages.set(id, message);
    if (old) {
      this.replace(old, before, message, text);
      return false;
    }
    const stay = this.stays() || message.sim?.outgoing;
    const row = messageRow(message, this.phone(), this.ctx);
    this.rows.set(id, { row, text });
    this.quieten(row);
    this.insert(row, id);
    this.arrange(row);
    if (!this.chosen) this.choose(this.lastRow(), false);
    if (stay && !this.bulk) this.toBottom();
    else if (!stay) {
      this.missed += 1;
      this.paintJumper();
    }
    return true;
  }

  /** Only what changed is replaced, so that a finger on a button does not miss it. */
  replace(old, before, message, text) {
    const fresh = messageRow(message, this.phone(), this.ctx);
    old.text = text;
    const row = old.row;
    const focus = row.contains(document.activeElement) ? document.activeElement : null;
    const place = focus ? [...row.querySelectorAll(FOCUSABLE)].indexOf(focus) : -1;
    row.querySelector(".line").replaceWith(fresh.querySelector(".line"));
    row.setAttribute("aria-label", fresh.getAttribute("aria-label"));
    if (JSON.stringify(before?.reply_markup) !== JSON.stringify(message.reply_markup)) {
      row.querySelector(".ikb")?.remove();
      const keys = inlineKeyboard(message, this.ctx);
      if (keys) row.append(keys);
    }
    this.quieten(row);
    if (row === this.current) this.wake(row);
    if (focus && !focus.isConnected) ([...row.querySelectorAll(FOCUSABLE)][place] ?? row).focus();
    if (this.bottom) this.toBottom();
  }

  remove(id) {
    const entry = this.rows.get(id);
    if (!entry) return;
    this.rows.delete(id);
    this.messages.delete(id);
    const { row } = entry;
    const near = this.sibling(row, 1) ?? this.sibling(row, -1);
    const focused = row.contains(document.activeElement);
    row.remove();
    if (row === this.current) {
      this.current = null;
      this.choose(near ?? this.lastRow(), false);
      if (focused) near?.focus();
    }
    for (const day of [...this.list.querySelectorAll(".day-mark")]) {
      if (!day.nextElementSibling?.classList.contains("row")) day.remove();
    }
    if (near) this.arrange(near);
  }

  /** Bring the list in line with a full reading of the state. */
  sync(messages) {
    const ids = new Set(messages.map((message) => message.message_id));
    for (const id of [...this.rows.keys()]) if (!ids.has(id)) this.remove(id);
    this.bulk = true;
    for (const message of messages) this.put(message);
    this.bulk = false;
    if (this.bottom) this.toBottom();
  }

  /** Whether the person is at the end; looks itself, because the scroll event comes a frame late. */
  stays() {
    return this.bottom && (this.bulk || this.scroller.scrollTop >= this.top - 2);
  }

  insert(row, id) {
    const last = this.lastRow();
    if (!last || Number(last.dataset.id) < id) {
      this.list.append(row);
      return;
    }
    const next = [...this.list.querySelectorAll(".row")].find((one) => Number(one.dataset.id) > id);
    const mark = next.previousElementSibling;
    this.list.insertBefore(row, mark?.classList.contains("day-mark") && mark.dataset.day !== this.dayOf(row) ? mark : next);
  }

  dayOf(row) {
    return dayKey(Number(row.dataset.date) * 1000);
  }

  sibling(row, way) {
    let node = row;
    do node = way > 0 ? node.nextElementSibling : node.previousElementSibling;
    while (node && !node.classList.contains("row"));
    return node;
  }

  lastRow() {
    const last = this.list.lastElementChild;
    return last?.classList.contains("row") ? last : null;
  }

  /** Day marks and tails around one row. */
  arrange(row) {
    for (const one of [row, this.sibling(row, 1)]) {
      if (!one) continue;
      const before = this.sibling(one, -1);
      const mark = one.previousElementSibling;
      const needed = !before || this.dayOf(before) !== this.dayOf(one);
      const there = mark?.classList.contains("day-mark");
      if (needed && !there) this.list.insertBefore(this.mark(one), one);
      if (!needed && there) mark.remove();
    }
    for (const one of [this.sibling(row, -1), row, this.sibling(row, 1)]) {
      if (!one) continue;
      const next = one.nextElementSibling;
      const side = one.classList.contains("out") ? "out" : "in";
      const quick = next && Number(next.dataset.date) - Number(one.dataset.date) < 600;
      const joined = next?.classList.contains(side) && quick && !one.querySelector(":scope > .ikb");
      one.classList.toggle("tail", !joined);
    }
  }

  mark(row) {
    const node = h("li", { class: "day-mark", "data-day": this.dayOf(row), lang: tagOf(this.phone()) }, h("span", { dir: "auto" }));
    this.label(node, Number(row.dataset.date) * 1000);
    node.dataset.ms = String(Number(row.dataset.date) * 1000);
    return node;
  }

  label(node, ms) {
    const key = dayKey(ms);
    const now = this.now();
    const word = key === dayKey(now) ? "today" : key === dayKey(now - DAY_MS) ? "yesterday" : null;
    node.firstElementChild.textContent = word ? phoneWord(this.phone(), word) : dayLabel(ms, now, tagOf(this.phone()));
  }

  /** A new day began: "today" is now "yesterday". */
  relabel() {
    for (const node of this.list.querySelectorAll(".day-mark")) this.label(node, Number(node.dataset.ms));
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR;
    // only a person scrolls up; a list that became lower is not "away from the end"
    this.bottom = near || (this.bottom && scrollTop >= this.top - 2);
    this.top = scrollTop;
    if (this.bottom) this.missed = 0;
    this.paintJumper();
  }

  paintJumper() {
    this.jumper.hidden = this.bottom;
    this.badge.hidden = this.missed === 0;
    this.badge.textContent = String(this.missed);
  }

  toBottom(smooth = false) {
    this.bottom = true;
    this.missed = 0;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth && !CALM.matches ? "smooth" : "instant" });
    this.top = this.scroller.scrollTop;
    this.paintJumper();
  }

  jump(id) {
    const row = this.rows.get(id)?.row;
    if (!row) return;
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
    row.classList.remove("flash");
    requestAnimationFrame(() => row.classList.add("flash"));
    setTimeout(() => row.classList.remove("flash"), 1600);
  }

  // The list is one stop of the Tab key: the chosen row and what can be pressed in it.
  choose(row, byPerson) {
    if (!row || row === this.current) {
      if (row) this.chosen = byPerson && row !== this.lastRow();
      return;
    }
    if (this.current?.isConnected) {
      this.current.tabIndex = -1;
      this.quieten(this.current);
    }
    this.current = row;
    this.chosen = byPerson && row !== this.lastRow();
    this.wake(row);
  }

  quieten(row) {
    for (const node of row.querySelectorAll(FOCUSABLE)) node.tabIndex = -1;
  }

  wake(row) {
    row.tabIndex = 0;
    for (const node of row.querySelectorAll(FOCUSABLE)) node.tabIndex = 0;
  }

  key(event) {
    const row = event.target.closest(".row");
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target !== row) {
      this.keyInside(event, row);
      return;
    }
    const go = { ArrowUp: this.sibling(row, -1), ArrowDown: this.sibling(row, 1), Home: this.list.querySelector(".row"), End: this.lastRow() };
    const id = Number(row.dataset.id);
    if (event.key in go) {
      go[event.key]?.focus();
    } else if (event.key === "Enter") {
      const first = row.querySelector(".ikey");
      if (first) first.focus();
      else this.ctx.menu(id, row.querySelector(".acts button:last-child"));
    } else if (event.key === "r" || event.key === "R") {
      this.ctx.reply(id);
    } else return;
    event.preventDefault();
  }

  keyInside(event, row) {
    const keys = [...row.querySelectorAll(".ikey")];
    const at = keys.indexOf(event.target);
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      row.focus();
      event.preventDefault();
    } else if (way && at >= 0) {
      const turned = this.phone().dir === "rtl" && event.key.match(/Left|Right/) ? -way : way;
      keys[at + turned]?.focus();
      event.preventDefault();
    }
  }

  context(event) {
    const row = event.target.closest(".row");
    if (!row || event.target.closest("a[href]") || String(getSelection())) return;
    event.preventDefault();
    const byKey = event.button < 0 || (event.clientX === 0 && event.clientY === 0);
    const point = byKey ? undefined : { x: event.clientX, y: event.clientY };
    this.ctx.menu(Number(row.dataset.id), row.querySelector(".acts button:last-child"), point);
  }

  double(event) {
    const row = event.target.closest(".row");
    if (!row || event.target.closest("button, a, video")) return;
    getSelection()?.removeAllRanges();
    this.ctx.reply(Number(row.dataset.id));
  }

  swiping() {
    let drag = null;
    const end = (event, done) => {
      if (!drag || event.pointerId !== drag.pointer) return;
      const { row, line, moved, swipe } = drag;
      drag = null;
      line.style.removeProperty("transform");
      row.classList.remove("swiping", "ready");
      if (!swipe) return;
      // the finger that swiped did not mean to press what it started on
      row.addEventListener("click", (click) => { click.stopPropagation(); click.preventDefault(); }, { capture: true, once: true, signal: AbortSignal.timeout(80) });
      if (done && Math.abs(moved) >= SWIPE_DONE) this.ctx.reply(Number(row.dataset.id));
    };
    this.list.addEventListener("pointerdown", (event) => {
      const row = event.target.closest(".row");
      const mouse = event.pointerType === "mouse";
      if (!row || event.button > 0 || (mouse && event.target.closest(".txt, button, a, video"))) return;
      if (event.target.closest(".ikb, .acts, .wave")) return;
      drag = { row, line: row.querySelector(".line"), x: event.clientX, y: event.clientY, pointer: event.pointerId, moved: 0, swipe: false };
    });
    this.list.addEventListener("pointermove", (event) => {
      if (!drag || event.pointerId !== drag.pointer) return;
      const dx = event.clientX - drag.x;
      const dy = event.clientY - drag.y;
      const right = this.phone().dir === "rtl";
      if (!drag.swipe) {
        if (Math.abs(dy) > SWIPE_START && Math.abs(dy) > Math.abs(dx)) drag = null;
        else if (Math.abs(dx) > SWIPE_START && (dx < 0 || right)) {
          drag.swipe = true;
          drag.row.classList.add("swiping");
          this.list.setPointerCapture(event.pointerId);
        }
        if (!drag?.swipe) return;
      }
      drag.moved = Math.max(-SWIPE_MAX, Math.min(right ? SWIPE_MAX : 0, dx));
      drag.line.style.transform = `translateX(${drag.moved}px)`;
      drag.row.classList.toggle("ready", Math.abs(drag.moved) >= SWIPE_DONE);
    });
    this.list.addEventListener("pointerup", (event) => end(event, true));
    this.list.addEventListener("pointercancel", (event) => end(event, false));
  }
}
