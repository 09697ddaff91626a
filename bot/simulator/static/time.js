// Dates and times: always the zone of the demo, always Latin digits.

let zone = "Europe/Amsterdam";
const formats = new Map();

// Browsers do not carry Tigrinya calendar words, so the page does.
const TI_MONTHS = ["ጥሪ", "ለካቲት", "መጋቢት", "ሚያዝያ", "ግንቦት", "ሰነ", "ሓምለ", "ነሓሰ", "መስከረም", "ጥቅምቲ", "ሕዳር", "ታሕሳስ"];

export function setZone(name) {
  if (name && name !== zone) {
    zone = name;
    formats.clear();
  }
}

function format(locale, options) {
  const key = locale + JSON.stringify(options);
  if (!formats.has(key)) {
    let made;
    try {
      made = new Intl.DateTimeFormat(`${locale}-u-nu-latn-ca-gregory`, { timeZone: zone, ...options });
    } catch {
      made = new Intl.DateTimeFormat("nl", { timeZone: zone, ...options });
    }
    formats.set(key, made);
  }
  return formats.get(key);
}

/** "14:05" for an instant in milliseconds. */
export const hour = (ms) => format("nl", { hour: "2-digit", minute: "2-digit" }).format(ms);

/** "maandag 23 november 2026" in the language of the page. */
export const longDay = (ms, language) =>
  format(language === "en" ? "en-GB" : "nl", { weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(ms);

/** "di 24 nov 17:00", or only the time when it is the same day. */
export function shortMoment(ms, now, language) {
  if (dayKey(ms) === dayKey(now)) return hour(ms);
  const day = format(language === "en" ? "en-GB" : "nl", { weekday: "short", day: "numeric", month: "short" });
  return `${day.format(ms)} ${hour(ms)}`;
}

/** A key that is the same for two instants on one day of the zone. */
export const dayKey = (ms) => format("sv", { year: "numeric", month: "2-digit", day: "2-digit" }).format(ms);

/** The day between messages, in the language of the phone; the year only when it is another one. */
export function dayLabel(ms, now, locale) {
  const key = dayKey(ms);
  const otherYear = key.slice(0, 4) !== dayKey(now).slice(0, 4);
  if (locale.startsWith("ti")) {
    const [year, month, day] = key.split("-");
    return `${Number(day)} ${TI_MONTHS[Number(month) - 1]}${otherYear ? ` ${year}` : ""}`;
  }
  const tag = locale === "en" ? "en-GB" : locale;
  return format(tag, { day: "numeric", month: "long", ...(otherYear ? { year: "numeric" } : {}) }).format(ms);
}

/** "0:07" for a duration in seconds. */
export function clockOf(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
