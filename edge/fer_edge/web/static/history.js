/** The last 24 hours, from the history of minutes: a bar per interval, stacked by emotion. */

import { ChartCursor } from "./chart_cursor.js";
import { colour } from "./colours.js";
import { element, setText } from "./dom.js";
import { duration, shortTime } from "./format.js";

const LOAD_INTERVAL = 60_000; // milliseconds
const SVG = "http://www.w3.org/2000/svg";
const TICK_HOURS = 3; // between two labels of the axis
const UNSURE = "color-mix(in srgb, var(--muted) 45%, var(--card))"; // the grey of unsure alone is close to others
const GAP = 0.15; // of a bar's width, between two bars

/**
 * @typedef {{ observed_s: number, nobody_s: number, unsure_s: number, emotions_s: Record<string, number> }} Interval
 * @typedef {{ from: string, interval_s: number, labels: string[], zones: string[], intervals: (Interval | null)[] }} Day
 */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const [section, legend, axis, message] = ["history", "history-legend", "history-axis", "history-message"].map(byId);
const chart = /** @type {Element} */ (document.getElementById("history-chart"));
const picker = /** @type {HTMLSelectElement} */ (byId("history-zone"));

export class History {
  /** @type {Day | null} */ #day = null;
  /** @type {ChartCursor | null} */ #cursor = null;
  #timer = 0;

  /** Show the section if there is a history. @param {boolean} exists */
  begin(exists) {
    section.hidden = !exists;
    clearInterval(this.#timer);
    if (!exists) return;
    picker.onchange = () => this.#load();
    document.onvisibilitychange = () => this.#load();
    this.#timer = setInterval(() => this.#load(), LOAD_INTERVAL);
    this.#load();
  }

  async #load() {
    if (document.hidden || section.hidden) return;
    try {
      const response = await fetch(`api/history?zone=${encodeURIComponent(picker.value)}`);
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error);
      this.#day = answer;
      setText(message, "");
      this.#draw(answer);
    } catch (error) {
      // fetch() rejects with a TypeError when there is no connection.
      setText(message, error instanceof TypeError ? "" : `It cannot be shown: ${/** @type {Error} */ (error).message}`);
      picker.value = "";
    }
  }

  /** @param {Day} day */
  #draw(day) {
    const { labels, intervals } = day;
    drawZones(day.zones);
    drawLegend(labels);
    drawAxis(day);
    chart.setAttribute("viewBox", `0 0 ${intervals.length} ${day.interval_s}`);
    chart.replaceChildren(...intervals.flatMap((interval, index) => bars(day, interval, index)));
    this.#cursor ??= new ChartCursor({
      area: byId("history-area"),
      line: byId("history-line"),
      detail: byId("history-detail"),
      count: intervals.length,
      describe: (step) => (this.#day ? describe(this.#day, step) : ""),
    });
    this.#cursor.update();
  }
}

/** @param {string[]} zones */
function drawZones(zones) {
  const options = [new Option("Whole picture", ""), ...zones.map((zone) => new Option(zone, zone))];
  const { value } = picker;
  picker.replaceChildren(...options);
  picker.value = zones.includes(value) ? value : "";
  /** @type {HTMLElement} */ (picker.parentElement).hidden = !zones.length;
}

/** @param {string[]} labels */
function drawLegend(labels) {
  const entries = [...labels, "unsure"].map((label, index) => {
    const entry = element("li", "", label);
    entry.style.setProperty("--emotion", index < labels.length ? colour(index) : UNSURE);
    return entry;
  });
  legend.replaceChildren(...entries);
}

/** @param {Day} day */
function drawAxis(day) {
  const ticks = day.intervals.flatMap((_, index) => {
    const time = new Date(startOf(day, index));
    if (time.getMinutes() || time.getHours() % TICK_HOURS) return [];
    const tick = element("span", (time.getHours() / TICK_HOURS) % 2 ? "odd" : "", shortTime(time));
    tick.style.setProperty("left", `${(100 * index) / day.intervals.length}%`);
    return [tick];
  });
  axis.replaceChildren(...ticks);
}

/**
 * What is drawn of an interval: its observed part as a background, then the time with a face, stacked by emotion. Faces
 * at the same time may have several emotions, so the stack is scaled to the time with a face.
 * @param {Day} day @param {Interval | null} interval @param {number} index
 */
function bars({ interval_s, labels }, interval, index) {
  if (!interval) return [];
  const parts = [...labels.map((label) => interval.emotions_s[label] ?? 0), interval.unsure_s];
  const occupied = Math.max(0, interval.observed_s - interval.nobody_s);
  const scale = occupied / Math.max(occupied, parts.reduce((sum, seconds) => sum + seconds, 0), 1e-9);
  const nodes = [rectangle(index, interval_s - interval.observed_s, interval.observed_s, "observed")];
  let top = interval_s;
  for (const [part, seconds] of parts.entries()) {
    const height = seconds * scale;
    top -= height;
    if (!height) continue;
    const node = rectangle(index + GAP / 2, top, height, "", 1 - GAP);
    node.style.setProperty("fill", part < labels.length ? colour(part) : UNSURE);
    nodes.push(node);
  }
  return nodes;
}

/** @param {number} x @param {number} y @param {number} height @param {string} className @param {number} [width] */
function rectangle(x, y, height, className, width = 1) {
  const node = document.createElementNS(SVG, "rect");
  for (const [name, value] of Object.entries({ x, y, width, height })) node.setAttribute(name, String(value));
  if (className) node.setAttribute("class", className);
  return node;
}

/** @param {Day} day @param {number} index milliseconds since the epoch */
function startOf({ from, interval_s }, index) {
  return Date.parse(from) + 1000 * interval_s * index;
}

/** @param {Day} day @param {number} index */
function describe(day, index) {
  const interval = day.intervals[index];
  const [from, to] = [index, index + 1].map((each) => shortTime(new Date(startOf(day, each))));
  const time = `${from} to ${to}`;
  if (!interval) return `${time}: nothing was recorded`;
  const emotions = Object.entries({ ...interval.emotions_s, unsure: interval.unsure_s, nobody: interval.nobody_s });
  const longest = emotions.filter(([, seconds]) => seconds >= 0.5).sort(([, a], [, b]) => b - a);
  const text = longest.map(([name, seconds]) => `${name} ${duration(seconds)}`).join(", ");
  return `${time}: ${text || "the camera was off"}`;
}
