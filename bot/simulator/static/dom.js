// Small helpers to build the page. Text always enters as a text node, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element; a property that starts with "on" is a listener, the others are attributes. */
export function h(tag, props = {}, ...kids) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  for (const kid of kids.flat()) {
    if (kid !== null && kid !== undefined && kid !== false) node.append(kid);
  }
  return node;
}

const PATHS = {
  send: "M4 12l16-8-5 16-3.500-6.500zM20 4l-8.500 9.500",
  clip: "M20 11.500l-7.800 7.800a5 5 0 0 1-7-7l8-8a3.300 3.300 0 0 1 4.700 4.700l-8 8a1.700 1.700 0 0 1-2.400-2.400l7.300-7.300",
  mic: "M12 3.500a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3zM5.500 11.500a6.500 6.500 0 0 0 13 0M12 18v3",
  keys: "M3.500 7h17v11h-17zM7 10.500h.01M10.500 10.500h.01M14 10.500h.01M17.500 10.500h.01M8 14.500h8",
  menu: "M4 7h16M4 12h16M4 17h16",
  reply: "M10 6L4 11.500l6 5.500v-3.500c5 0 8 1.500 10 5 0-6-3.500-9.500-10-9.500z",
  more: "M5.500 12h.01M12 12h.01M18.500 12h.01",
  edit: "M4 20l1-4.500L16.500 4l3.500 3.500L8.500 19z",
  trash: "M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13M10.500 11v5.500M13.500 11v5.500",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  close: "M6 6l12 12M18 6L6 18",
  back: "M15 5l-7 7 7 7",
  down: "M6 9.500l6 6 6-6",
  check: "M5 12.500l4.500 4.500L19 7.500",
  play: "M8 5l11 7-11 7z",
  pause: "M8 5v14M16 5v14",
  file: "M6 3.500h8l4.500 4.500v12.500H6zM14 3.500V8h4.500",
  photo: "M3.500 5.500h17v13h-17zM4 17l5-5.500 4 4 3-2.500 4.500 4M15.500 9.500h.01",
  pin: "M12 21c4.500-5 7-8.500 7-11.500a7 7 0 0 0-14 0C5 12.500 7.500 16 12 21zM12 7.200a2.400 2.400 0 1 1 0 4.800 2.400 2.400 0 0 1 0-4.800z",
  block: "M12 3.500a8.500 8.500 0 1 1 0 17 8.500 8.500 0 0 1 0-17zM6 6l12 12",
  letter: "M3.500 6h17v12.500h-17zM4 7l8 6 8-6",
  download: "M12 4v11M7.500 11l4.500 4.500 4.500-4.500M5 20h14",
  link: "M10 14l4-4M8.500 11l-2.500 2.500a3.500 3.500 0 0 0 5 5l2.500-2.500M15.500 13l2.500-2.500a3.500 3.500 0 0 0-5-5L10.500 8",
};

/** A line icon of 24 by 24 units in the colour of the text around it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon i-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** Make an SVG element, for the few drawings that are made of figures. */
export function svg(tag, props = {}, ...kids) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(props)) node.setAttribute(key, String(value));
  node.append(...kids);
  return node;
}

/** A button that shows an icon and says its name to a screen reader and under the pointer. */
export function iconButton(name, label, onclick, props = {}) {
  return h("button", { type: "button", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

/** A steady number for a text, to draw the same wave or map for the same thing each time. */
export function hash(text) {
  let value = 2166136261;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 16777619);
  return value >>> 0;
}

/** A stream of numbers from 0 to 1 that is the same for the same seed. */
export function dice(seed) {
  let value = seed || 1;
  return () => {
    value = Math.imul(value ^ (value >>> 15), 2246822519) + 0x9e3779b9;
    value ^= value << 13;
    return ((value >>> 0) % 10007) / 10007;
  };
}
