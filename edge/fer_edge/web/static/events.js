/** The list of events as subscribers receive them, newest first. */

import { element, setText } from "./dom.js";
import { duration, emotionName, emotionWithScore, timeOfDay } from "./format.js";

const MAX_EVENTS = 100;

export class Events {
  /** @type {Set<string>} */ #ids = new Set();
  #list = /** @type {HTMLElement} */ (document.getElementById("events"));
  #emptyMessage = /** @type {HTMLElement} */ (document.getElementById("no-events"));
  #clockWarning = /** @type {HTMLElement} */ (document.getElementById("clock-warning"));

  /**
   * Add an event, unless it is in the list already.
   * @param {any} event @param {any} raw the same, with its numbers as the server wrote them
   */
  add(event, raw) {
    if (this.#ids.has(event.id)) return;
    this.#ids.add(event.id);
    this.#list.prepend(row(event, JSON.stringify(raw)));
    while (this.#list.childElementCount > MAX_EVENTS) {
      this.#ids.delete(/** @type {HTMLElement} */ (this.#list.lastElementChild).dataset.id ?? "");
      this.#list.lastElementChild?.remove();
    }
    this.#emptyMessage.hidden = true;
    this.#clockWarning.hidden = event.clock_synced !== false;
  }
}

/**
 * What happened, in a few words.
 * @param {any} event
 */
function describe(event) {
  const emotion = emotionWithScore(event.emotion, event.score);
  if (event.type === "start") return `appeared, ${emotion}`;
  if (event.type === "update") return `${emotionName(event.previous)} → ${emotion}`;
  if (event.type === "end") return `left after ${duration(event.duration_s)}, ${emotionName(event.emotion)}`;
  return String(event.type);
}

/** @param {any} event @param {string} json */
function row(event, json) {
  const item = element("li");
  item.dataset.id = event.id;
  const details = element("details");
  const summary = element("summary");
  const time = element("time", "", timeOfDay(event.ts));
  time.setAttribute("datetime", String(event.ts));
  const [face, description] = [element("span", "track", `face ${event.track}`), element("span", "description")];
  setText(description, describe(event));
  summary.append(time, " ", face, " ", description);
  details.append(summary, element("pre", "", json));
  item.append(details);
  return item;
}
