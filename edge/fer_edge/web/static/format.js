/** Numbers, durations and times as people read them; "–" for what is missing. */

const MISSING = "–";
const UNITS = /** @type {[number, string][]} */ ([[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]); // seconds, name
const HOUR_AND_MINUTE = new Intl.DateTimeFormat(undefined, { timeStyle: "short", hourCycle: "h23" });
const TIME_OF_DAY = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

/** @param {string | null} emotion null if none is certain enough */
export function emotionName(emotion) {
  return emotion ?? "unsure";
}

/** @param {string | null} emotion null if none is certain enough @param {unknown} score 0..1 */
export function emotionWithScore(emotion, score) {
  return emotion === null ? emotionName(emotion) : `${emotion} ${percent(score)}`;
}

/** @param {unknown} share 0..1 */
export function percent(share) {
  return Number.isFinite(share) ? `${Math.round(100 * /** @type {number} */ (share))} %` : MISSING;
}

/** @param {unknown} value @param {string} [unit] @param {number} [digits] after the decimal point, at most */
export function number(value, unit = "", digits = 0) {
  if (!Number.isFinite(value)) return MISSING;
  const text = /** @type {number} */ (value).toLocaleString("en", { maximumFractionDigits: digits });
  return unit ? `${text} ${unit}` : text;
}

/**
 * A duration in one or two units: 3.1 s, 2 min 5 s, 4 h 10 min.
 * @param {unknown} seconds
 */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return MISSING;
  let rest = Math.round(/** @type {number} */ (seconds));
  if (rest < 10) return number(seconds, "s", 1);
  const first = UNITS.findIndex(([size]) => rest >= size);
  const parts = [];
  for (const [size, unit] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

/** The local hour and minute, or to the second. @param {Date} date @param {boolean} [withSeconds] */
export function shortTime(date, withSeconds = false) {
  return (withSeconds ? TIME_OF_DAY : HOUR_AND_MINUTE).format(date);
}

/**
 * The local time of day of a timestamp.
 * @param {unknown} timestamp RFC 3339
 */
export function timeOfDay(timestamp) {
  const date = new Date(String(timestamp));
  return Number.isNaN(date.getTime()) ? String(timestamp) : TIME_OF_DAY.format(date);
}
