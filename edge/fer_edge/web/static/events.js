/** The events as subscribers get them, the newest first. */

import { clock, duration, element, percent } from "./words.js";

const KEPT = 100;

export class Events {
  /** @type {Set<string>} */ #ids = new Set();
  #list = /** @type {HTMLElement} */ (document.getElementById("events"));
  #none = /** @type {HTMLElement} */ (document.getElementById("no-events"));
  #clock = /** @type {HTMLElement} */ (document.getElementById("clock"));

  /**
   * One that is here already is not added again.
   * @param {any} event @param {any} raw as it was written
   */
  add(event, raw) {
    if (this.#ids.has(event.id)) return;
    this.#ids.add(event.id);
    this.#list.prepend(row(event, JSON.stringify(raw)));
    while (this.#list.childElementCount > KEPT) {
      this.#ids.delete(/** @type {HTMLElement} */ (this.#list.lastElementChild).dataset.id ?? "");
      this.#list.lastElementChild?.remove();
    }
    this.#none.hidden = true;
    this.#clock.hidden = event.clock_synced !== false;
  }
}

/**
 * What happened, for a person.
 * @param {any} event
 */
export function told(event) {
  if (event.type === "start") return `came, ${event.emotion} ${percent(event.score)}`;
  if (event.type === "update") return `${event.previous} → ${event.emotion} ${percent(event.score)}`;
  if (event.type === "end") return `left after ${duration(event.duration_s)}, ${event.emotion}`;
  return String(event.type);
}

/** @param {any} event @param {string} text */
function row(event, text) {
  const item = element("li");
  item.dataset.id = event.id;
  const details = element("details");
  const summary = element("summary");
  const time = element("time", "", clock(event.ts));
  time.setAttribute("datetime", String(event.ts));
  summary.append(time, " ", element("span", "who", `face ${event.track}`), " ", element("span", "what", told(event)));
  details.append(summary, element("pre", "", text));
  item.append(details);
  return item;
}
