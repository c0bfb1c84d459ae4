/** The last five minutes: one lane per emotion, and one for none that is certain, with a bar whenever a face showed it. */

import { ChartCursor } from "./chart_cursor.js";
import { colourOf } from "./colours.js";
import { element, setText } from "./dom.js";
import { duration, emotionName, percent, shortTime } from "./format.js";

const SPAN = 300; // seconds
const SAMPLE_INTERVAL = 0.5; // seconds
const MAX_SAMPLE_DURATION = 1.5; // seconds; after a longer time without a sample there is a gap
const DRAW_INTERVAL = 1000; // milliseconds
const TICK_INTERVAL = 60; // seconds between two labels of the axis, at whole minutes
const MAX_TICK = 0.9; // of the width, beyond which there is no room for a label

// Top and height of what is drawn in a lane, as fractions of it.
const BACKGROUND = { top: 0, height: 1, alpha: 0.12 };
const LARGEST_FACE = { top: 0.1, height: 0.5, alpha: 1 };
const OTHER_FACES = { top: 0.72, height: 0.18, alpha: 1 };

/**
 * @typedef {{ t: number, faces: [number, string | null, number][] }} Sample seconds; track, emotion, score; largest face first
 * @typedef {{ from: number, to: number, faces: (string | null)[] }} Interval seconds; emotions, largest face first
 * @typedef {{ label: string | null, canvas: HTMLCanvasElement, share: HTMLElement }} Lane
 */

export class Timeline {
  /** @type {Sample[]} on the page's clock */ #samples = [];
  /** @type {Lane[]} */ #lanes = [];
  /** @type {string[]} */ #labels = [];
  #clockOffset = 0; // seconds from the page's clock to the server's
  #body = byId("lanes");
  #axis = byId("timeline-axis");
  #cursor = new ChartCursor({
    area: byId("timeline-area"),
    line: byId("timeline-line"),
    detail: byId("timeline-detail"),
    count: SPAN,
    describe: (second) => this.#describe(second),
  });

  constructor() {
    setInterval(() => this.draw(), DRAW_INTERVAL);
    new ResizeObserver(() => this.draw()).observe(this.#body);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /**
   * Start with the samples of a new connection. Older ones are kept, since a restarted server does not have them.
   * @param {string[]} labels @param {number} now on the server's clock @param {Sample[]} samples
   */
  begin(labels, now, samples) {
    this.#clockOffset = now - pageTime();
    const first = samples.length ? samples[0].t - this.#clockOffset : pageTime();
    this.#samples = this.#samples.filter(({ t }) => t < first - SAMPLE_INTERVAL / 2);
    this.#samples.push(...samples.map((sample) => this.#toPageTime(sample)));
    if (labels.join("\n") !== this.#labels.join("\n")) this.#createLanes(labels);
    this.draw();
  }

  /** @param {Sample} sample on the server's clock */
  add(sample) {
    this.#samples.push(this.#toPageTime(sample));
    this.draw();
  }

  draw() {
    const now = pageTime();
    this.#samples = this.#samples.filter(({ t }) => t > now - SPAN);
    if (document.hidden) return;
    const intervals = toIntervals(this.#samples, now);
    const occupied = totalDuration(intervals.filter(({ faces }) => faces.length));
    for (const lane of this.#lanes) {
      drawLane(lane.canvas, lane.label, intervals, now);
      const emotionIntervals = intervals.filter(({ faces }) => faces.includes(lane.label));
      lane.canvas.setAttribute("aria-label", describe(emotionIntervals, now));
      const dominant = totalDuration(intervals.filter(({ faces }) => faces[0] === lane.label));
      setText(lane.share, occupied ? percent(dominant / occupied) : "–");
    }
    drawAxis(this.#axis);
    this.#cursor.update();
  }

  /** Who was there in a second of the span. @param {number} second */
  #describe(second) {
    const now = pageTime();
    const t = now - SPAN + second + 0.5;
    const time = shortTime(localTime(t - now), true);
    const interval = toIntervals(this.#samples, now).find(({ from, to }) => from <= t && t < to);
    if (!interval) return `${time}: the camera was off`;
    const faces = interval.faces.map(emotionName);
    return `${time}: ${faces.length > 1 ? `${faces.length} faces: ` : ""}${faces.join(", ") || "nobody"}`;
  }

  /** @param {Sample} sample @returns {Sample} */
  #toPageTime({ t, faces }) {
    return { t: t - this.#clockOffset, faces };
  }

  /** @param {string[]} labels */
  #createLanes(labels) {
    this.#labels = labels;
    this.#lanes = [...labels, null].map((label) => {
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      return { label, canvas, share: element("td", "share") };
    });
    const rows = this.#lanes.map(({ label, canvas, share }) => {
      const [row, header, cell] = [element("tr"), element("th", "", emotionName(label)), element("td", "lane")];
      row.style.setProperty("--emotion", colourOf(label, labels));
      header.setAttribute("scope", "row");
      cell.append(canvas);
      row.append(header, cell, share);
      return row;
    });
    this.#body.replaceChildren(...rows);
  }
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {number} seconds from now */
function localTime(seconds) {
  return new Date(Date.now() + 1000 * seconds);
}

/** Label the whole minutes, in local time. @param {HTMLElement} axis */
function drawAxis(axis) {
  const sinceMinute = (Date.now() / 1000) % TICK_INTERVAL;
  const ticks = [];
  for (let ago = sinceMinute; ago < SPAN; ago += TICK_INTERVAL) {
    const time = localTime(-ago);
    const tick = element("span", time.getMinutes() % 2 ? "odd" : "", 1 - ago / SPAN < MAX_TICK ? shortTime(time) : "");
    tick.style.setProperty("left", `${100 * (1 - ago / SPAN)}%`);
    ticks.push(tick);
  }
  axis.replaceChildren(...ticks, element("span", "now", "now"));
}

/** The page's clock, in seconds. */
function pageTime() {
  return performance.now() / 1000;
}

/**
 * Each sample lasts until the next one, or for one sample interval before a gap.
 * @param {Sample[]} samples @param {number} now
 * @returns {Interval[]}
 */
function toIntervals(samples, now) {
  return samples.map(({ t, faces }, index) => {
    const next = Math.max(t, samples[index + 1]?.t ?? now); // a sample may be ahead of the estimated clock
    const to = next - t < MAX_SAMPLE_DURATION ? next : t + SAMPLE_INTERVAL;
    return { from: t, to, faces: faces.map(([, emotion]) => emotion) };
  });
}

/**
 * The same time with adjacent intervals merged, so that no seams are visible.
 * @param {Interval[]} intervals
 * @returns {Interval[]}
 */
function mergeAdjacent(intervals) {
  /** @type {Interval[]} */
  const merged = [];
  for (const { from, to } of intervals) {
    const last = merged[merged.length - 1];
    if (last && from - last.to < 0.01) last.to = to;
    else merged.push({ from, to, faces: [] });
  }
  return merged;
}

/** @param {Interval[]} intervals */
function totalDuration(intervals) {
  return intervals.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** @param {Interval[]} intervals in which a face showed the emotion @param {number} now */
function describe(intervals, now) {
  const last = intervals[intervals.length - 1];
  if (!last) return "not shown";
  return `shown for ${duration(totalDuration(intervals))} in total, last ${duration(Math.max(0, now - last.to))} ago`;
}

/** @param {HTMLCanvasElement} canvas @param {string | null} label @param {Interval[]} intervals @param {number} now */
function drawLane(canvas, label, intervals, now) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * devicePixelRatio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.clearRect(0, 0, width, height);
  context.fillStyle = getComputedStyle(canvas).color;
  const drawBar = (/** @type {Interval} */ { from, to }, /** @type {typeof BACKGROUND} */ bar) => {
    const [left, right] = [from, to].map((t) => Math.round((1 - (now - t) / SPAN) * width));
    context.globalAlpha = bar.alpha;
    context.fillRect(left, Math.round(bar.top * height), Math.max(1, right - left), Math.round(bar.height * height));
  };
  for (const interval of mergeAdjacent(intervals)) drawBar(interval, BACKGROUND);
  for (const interval of intervals) {
    if (interval.faces[0] === label) drawBar(interval, LARGEST_FACE);
    if (interval.faces.indexOf(label, 1) > 0) drawBar(interval, OTHER_FACES);
  }
}
