/** The last five minutes: a lane for each emotion, and in it when a face showed it. */

import { colour } from "./colours.js";
import { duration, element, percent, write } from "./words.js";

const SPAN = 300; // seconds
const STEP = 0.5; // seconds from one sample to the next
const GAP = 1.5; // seconds without a sample that are a gap

/**
 * @typedef {{ t: number, faces: [number, string, number][] }} Sample seconds; track, emotion, score; the largest first
 * @typedef {{ from: number, to: number, faces: string[] }} Piece
 * @typedef {{ label: string, canvas: HTMLCanvasElement, share: HTMLElement }} Lane
 */

export class Timeline {
  /** @type {Sample[]} on the page's clock */ #samples = [];
  /** @type {Lane[]} */ #lanes = [];
  #ahead = 0; // seconds from the page's clock to the server's
  #body = /** @type {HTMLElement} */ (document.getElementById("lanes"));

  constructor() {
    setInterval(() => this.draw(), 1000);
    new ResizeObserver(() => this.draw()).observe(this.#body);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /**
   * A connection begins. What was seen before a server started anew stays.
   * @param {string[]} labels @param {number} now on the server's clock @param {Sample[]} samples
   */
  begin(labels, now, samples) {
    this.#ahead = now - seconds();
    const first = samples.length ? samples[0].t - this.#ahead : seconds();
    this.#samples = this.#samples.filter(({ t }) => t < first - STEP / 2);
    this.#samples.push(...samples.map((sample) => this.#here(sample)));
    if (labels.join("\n") !== this.#lanes.map(({ label }) => label).join("\n")) this.#build(labels);
    this.draw();
  }

  /** @param {Sample} sample on the server's clock */
  add(sample) {
    this.#samples.push(this.#here(sample));
    this.draw();
  }

  draw() {
    const now = seconds();
    this.#samples = this.#samples.filter(({ t }) => t > now - SPAN);
    if (document.hidden) return;
    const pieces = split(this.#samples, now);
    const inhabited = total(pieces.filter(({ faces }) => faces.length));
    for (const lane of this.#lanes) {
      paint(lane.canvas, lane.label, pieces, now);
      const led = total(pieces.filter(({ faces }) => faces[0] === lane.label));
      const seen = pieces.filter(({ faces }) => faces.includes(lane.label));
      const last = seen.length ? `last ${duration(Math.max(0, now - seen[seen.length - 1].to))} ago` : "not seen";
      lane.canvas.setAttribute("aria-label", seen.length ? `for ${duration(total(seen))} in all, ${last}` : last);
      write(lane.share, inhabited ? percent(led / inhabited) : "–");
    }
  }

  /** @param {Sample} sample @returns {Sample} */
  #here({ t, faces }) {
    return { t: t - this.#ahead, faces };
  }

  /** @param {string[]} labels */
  #build(labels) {
    this.#lanes = labels.map((label) => {
      const canvas = document.createElement("canvas");
      canvas.setAttribute("role", "img");
      return { label, canvas, share: element("td", "share") };
    });
    const rows = this.#lanes.map(({ label, canvas, share }, index) => {
      const [row, head, cell] = [element("tr"), element("th", "", label), element("td", "lane")];
      row.style.setProperty("--emotion", colour(index));
      head.setAttribute("scope", "row");
      cell.append(canvas);
      row.append(head, cell, share);
      return row;
    });
    this.#body.replaceChildren(...rows);
  }
}

function seconds() {
  return performance.now() / 1000;
}

/**
 * Each sample holds until the next one, or for a step before a gap.
 * @param {Sample[]} samples @param {number} now
 */
function split(samples, now) {
  return samples.map(({ t, faces }, index) => {
    const next = samples[index + 1]?.t ?? now;
    const to = next - t < GAP ? next : t + STEP;
    return { from: t, to, faces: faces.map(([, emotion]) => emotion) };
  });
}

/**
 * The times with a picture, without the seams.
 * @param {Piece[]} pieces
 * @returns {Piece[]}
 */
function joined(pieces) {
  /** @type {Piece[]} */
  const spans = [];
  for (const { from, to } of pieces) {
    const last = spans[spans.length - 1];
    if (last && from - last.to < 0.01) last.to = to;
    else spans.push({ from, to, faces: [] });
  }
  return spans;
}

/** @param {Piece[]} pieces */
function total(pieces) {
  return pieces.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** @param {HTMLCanvasElement} canvas @param {string} label @param {Piece[]} pieces @param {number} now */
function paint(canvas, label, pieces, now) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((size) => Math.round(size * devicePixelRatio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.clearRect(0, 0, width, height);
  context.fillStyle = getComputedStyle(canvas).color;
  const bar = (/** @type {Piece} */ { from, to }, /** @type {number} */ top, /** @type {number} */ high) => {
    const [left, right] = [from, to].map((t) => Math.round((1 - (now - t) / SPAN) * width));
    context.fillRect(left, Math.round(top * height), Math.max(1, right - left), Math.round(high * height));
  };
  context.globalAlpha = 0.12;
  for (const piece of joined(pieces)) bar(piece, 0, 1);
  context.globalAlpha = 1;
  for (const piece of pieces) {
    if (piece.faces[0] === label) bar(piece, 0.1, 0.5);
    if (piece.faces.indexOf(label, 1) > 0) bar(piece, 0.72, 0.18);
  }
}
