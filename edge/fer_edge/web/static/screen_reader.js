/** What a screen reader announces: a few words at a time, not every frame. */

import { emotionName, emotionWithScore } from "./format.js";

const ANNOUNCEMENT_DELAY = 1000; // milliseconds in which texts are collected
const MAX_TEXTS = 5; // the newest ones of a delay are announced
const liveRegion = /** @type {HTMLElement} */ (document.getElementById("live-region"));
/** @type {string[]} */
let pending = [];
let lastResult = "";
let timer = 0;

/** @param {string} text */
export function announce(text) {
  timer ||= setTimeout(flush, ANNOUNCEMENT_DELAY);
  pending.push(text);
}

/**
 * Announce the result of what the user does again and again, such as moving something: only the last one of a delay.
 * @param {string} text
 */
export function announceLast(text) {
  pending = pending.filter((other) => other !== lastResult);
  lastResult = text;
  announce(text);
}

/** @param {any} event as subscribers receive it */
export function announceEvent(event) {
  const face = `Face ${event.track}`;
  if (event.type === "start") announce(`${face} appeared: ${emotionWithScore(event.emotion, event.score)}.`);
  if (event.type === "update") announce(`${face} is now ${emotionName(event.emotion)}.`);
  if (event.type === "end") announce(`${face} left.`);
}

function flush() {
  liveRegion.textContent = pending.slice(-MAX_TEXTS).join(" ");
  pending = [];
  timer = 0;
}
