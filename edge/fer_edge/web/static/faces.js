/** A card for each face: what it shows, and how probable everything else is. */

import { colour } from "./colours.js";
import { element, percent, write } from "./words.js";

/** @typedef {import("./live.js").Face} Face */
/** @typedef {{ card: HTMLElement, name: HTMLElement, score: HTMLElement, meters: HTMLElement[] }} Card */

export class Faces {
  /** @type {string[]} */ #labels = [];
  /** @type {Map<number, Card>} */ #cards = new Map();
  #list = /** @type {HTMLElement} */ (document.getElementById("faces"));
  #none = /** @type {HTMLElement} */ (document.getElementById("no-faces"));

  /** @param {string[]} labels */
  name(labels) {
    this.clear("Nobody to be seen yet.");
    this.#labels = labels;
  }

  /** @param {Face[]} faces, in any order; the cards stay in the order of the tracks */
  show(faces) {
    const gone = new Set(this.#cards.keys());
    for (const face of faces) {
      gone.delete(face.track);
      this.#fill(this.#cards.get(face.track) ?? this.#add(face.track), face);
    }
    for (const track of gone) {
      this.#cards.get(track)?.card.remove();
      this.#cards.delete(track);
    }
    this.#none.hidden = this.#cards.size > 0;
    if (!this.#cards.size) write(this.#none, "No face in the picture.");
  }

  /** @param {string} words why there are none */
  clear(words) {
    this.show([]);
    write(this.#none, words);
  }

  /** @param {number} track */
  #add(track) {
    const card = element("li", "face");
    card.dataset.track = String(track);
    const head = element("h3");
    const name = element("span", "name");
    const score = element("span", "score");
    head.append(element("span", "track", `Face ${track}`), " ", name, " ", score);
    const meters = element("ul", "meters");
    const made = this.#labels.map((label, index) => meter(label, index));
    meters.append(...made.map(({ row }) => row));
    card.append(head, meters);
    const after = [...this.#cards].filter(([other]) => other > track).map(([, { card: other }]) => other)[0];
    this.#list.insertBefore(card, after ?? null);
    const kept = { card, name, score, meters: made.map(({ bar }) => bar) };
    this.#cards.set(track, kept);
    return kept;
  }

  /** @param {Card} kept @param {Face} face */
  #fill({ card, name, score, meters }, face) {
    card.style.setProperty("--emotion", colour(this.#labels.indexOf(face.emotion)));
    write(name, face.emotion);
    write(score, percent(face.score));
    meters.forEach((bar, index) => {
      const share = face.scores?.[index] ?? 0;
      const row = /** @type {HTMLElement} */ (bar.parentElement);
      row.classList.toggle("said", this.#labels[index] === face.emotion);
      bar.style.setProperty("--share", share.toFixed(3));
      bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
      bar.setAttribute("aria-valuetext", percent(share));
      write(/** @type {HTMLElement} */ (row.lastElementChild), percent(share));
    });
  }
}

/** @param {string} label @param {number} index */
function meter(label, index) {
  const row = element("li");
  row.style.setProperty("--emotion", colour(index));
  const bar = element("span", "meter");
  const parts = { role: "meter", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100" };
  for (const [name, value] of Object.entries(parts)) bar.setAttribute(name, value);
  const [name, share] = [element("span", "label", label), element("span", "share")];
  for (const shown of [name, share]) shown.setAttribute("aria-hidden", "true");
  row.append(name, bar, share);
  return { row, bar };
}
