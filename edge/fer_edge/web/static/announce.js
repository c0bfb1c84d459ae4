/** What a screen reader says by itself: a few words at a time, and not each frame. */

import { percent } from "./words.js";

const PATIENCE = 1000; // milliseconds in which words are gathered
const news = /** @type {HTMLElement} */ (document.getElementById("news"));
/** @type {string[]} */
let waiting = [];

/** @param {string} words */
export function announce(words) {
  if (!waiting.length) setTimeout(speak, PATIENCE);
  waiting.push(words);
}

/** @param {any} event as subscribers get it */
export function announceEvent(event) {
  const face = `Face ${event.track}`;
  if (event.type === "start") announce(`${face} came: ${event.emotion}, ${percent(event.score)}.`);
  if (event.type === "update") announce(`${face}: now ${event.emotion}.`);
  if (event.type === "end") announce(`${face} left.`);
}

function speak() {
  news.textContent = waiting.slice(-5).join(" ");
  waiting = [];
}
