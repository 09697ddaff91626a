// Small menus and notes inside a phone.

import { h, icon } from "./dom.js";
import { t } from "./words.js";

let open = null;

/** Close the menu that stands open, if any. */
export function closeMenu(back = true) {
  if (!open) return;
  const { node, anchor, outside } = open;
  open = null;
  const inside = node.contains(document.activeElement);
  node.remove();
  document.removeEventListener("pointerdown", outside, true);
  anchor?.setAttribute("aria-expanded", "false");
  if (back && inside && anchor?.isConnected) anchor.focus();
}

function step(node, event) {
  const items = [...node.querySelectorAll("button")];
  const at = items.indexOf(document.activeElement);
  const moves = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
  if (event.key in moves) {
    event.preventDefault();
    items[(at + moves[event.key] + items.length) % items.length].focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    if (event.key === "Escape") event.preventDefault();
    event.stopPropagation();
    closeMenu();
  }
}

function itemButton(item) {
  return h("button", {
    type: "button", role: "menuitem", title: item.title, "aria-label": item.title, class: item.danger ? "danger" : null,
    onclick: () => {
      closeMenu();
      item.run();
    },
  }, item.icon ? icon(item.icon) : null, h("span", { dir: "auto" }, item.label), item.hint ? h("small", { dir: "auto" }, item.hint) : null);
}

/**
 * Open a menu beside an anchor, inside the host (a phone).
 * items: {label, title?, icon?, hint?, danger?, run} or {strip: [items]} for a row of small ones.
 */
export function openMenu(host, anchor, items, { label, point } = {}) {
  if (open?.anchor === anchor && !point) {
    closeMenu();
    return;
  }
  closeMenu(false);
  const node = h("div", { class: "popup", role: "menu", "aria-label": label },
    items.map((item) => item.strip
      ? h("div", { class: "strip", role: "group" }, item.strip.map(itemButton))
      : itemButton(item)));
  node.addEventListener("keydown", (event) => step(node, event));
  host.append(node);
  const frame = host.getBoundingClientRect();
  const spot = anchor.getBoundingClientRect();
  const x = point ? point.x : spot.left + spot.width / 2;
  const below = (point ? point.y : spot.bottom) - frame.top + 4;
  const above = (point ? point.y : spot.top) - frame.top - node.offsetHeight - 4;
  const fits = below + node.offsetHeight < frame.height - 8;
  node.style.top = `${Math.max(8, fits ? below : above)}px`;
  node.style.left = `${Math.min(Math.max(8, x - frame.left - node.offsetWidth / 2), frame.width - node.offsetWidth - 8)}px`;
  const outside = (event) => {
    if (!node.contains(event.target) && !anchor.contains(event.target)) closeMenu(false);
  };
  document.addEventListener("pointerdown", outside, true);
  anchor.setAttribute("aria-expanded", "true");
  open = { node, anchor, outside };
  node.querySelector("button")?.focus();
}

/** A note that fades by itself, as the answer to a tap. */
export function note(host, text) {
  const node = h("div", { class: "note", role: "status", dir: "auto" }, text);
  host.querySelector(".note")?.remove();
  host.append(node);
  setTimeout(() => node.remove(), 4500);
}

/** A note that stays until the person says OK. */
export function alertBox(host, title, text) {
  const back = host.contains(document.activeElement) ? document.activeElement : null;
  const shade = h("div", { class: "shade" });
  const ok = h("button", { type: "button" }, t("ok"));
  const close = () => {
    shade.remove();
    if (back?.isConnected) back.focus();
  };
  ok.addEventListener("click", close);
  shade.addEventListener("keydown", (event) => event.key === "Escape" && close());
  shade.append(h("div", { class: "alert", role: "alertdialog", "aria-modal": "false", "aria-label": title },
    h("strong", { dir: "auto" }, title), h("p", { dir: "auto" }, text), ok));
  host.append(shade);
  if (back) ok.focus();
}
