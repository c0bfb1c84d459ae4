/** Numbers and times as people read them. */

/** @param {unknown} share 0..1 */
export function percent(share) {
  return Number.isFinite(share) ? `${Math.round(100 * /** @type {number} */ (share))} %` : "–";
}

/** @param {unknown} value @param {string} [unit] @param {number} [digits] */
export function number(value, unit = "", digits = 0) {
  if (!Number.isFinite(value)) return "–";
  const text = /** @type {number} */ (value).toLocaleString("en", { maximumFractionDigits: digits });
  return unit ? `${text} ${unit}` : text;
}

/**
 * How long, in at most two units: 3.1 s, 2 min 5 s, 4 h 10 min.
 * @param {unknown} seconds
 */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.round(/** @type {number} */ (seconds));
  if (whole < 10) return number(seconds, "s", 1);
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = units.findIndex(([size]) => whole >= /** @type {number} */ (size));
  let rest = whole;
  const parts = [];
  for (const [size, unit] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / /** @type {number} */ (size));
    rest -= count * /** @type {number} */ (size);
    if (count) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

/**
 * The time of day, here, of a moment in RFC 3339.
 * @param {unknown} stamp
 */
export function clock(stamp) {
  const moment = new Date(String(stamp));
  return Number.isNaN(moment.getTime()) ? String(stamp) : CLOCK.format(moment);
}

/**
 * An element with a class and a text.
 * @param {string} tag @param {string} [name] @param {unknown} [text]
 */
export function element(tag, name = "", text = "") {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.textContent = String(text);
  return made;
}

/** @param {HTMLElement} node @param {unknown} text */
export function write(node, text) {
  if (node.textContent !== String(text)) node.textContent = String(text);
}
