/** One card per face, with its expression and the probability of every class. */

import { colour, colourOf } from "./colours.js";
import { element, setText } from "./dom.js";
import { emotionName, percent } from "./format.js";

/** @typedef {import("./live_feed.js").Face} Face */
/** @typedef {{ node: HTMLElement, name: HTMLElement, zone: HTMLElement, score: HTMLElement, meters: HTMLElement[] }} Card */

export class Faces {
  /** @type {string[]} */ #labels = [];
  /** @type {Map<number, Card>} by track */ #cards = new Map();
  #list = /** @type {HTMLElement} */ (document.getElementById("faces"));
  #emptyMessage = /** @type {HTMLElement} */ (document.getElementById("no-faces"));

  /** @param {string[]} labels */
  setLabels(labels) {
    this.clear("No faces yet.");
    this.#labels = labels;
  }

  /** @param {Face[]} faces in any order; the cards are ordered by track */
  show(faces) {
    const gone = new Set(this.#cards.keys());
    for (const face of faces) {
      gone.delete(face.track);
      this.#update(this.#cards.get(face.track) ?? this.#add(face.track), face);
    }
    for (const track of gone) {
      this.#cards.get(track)?.node.remove();
      this.#cards.delete(track);
    }
    this.#emptyMessage.hidden = this.#cards.size > 0;
    if (!this.#cards.size) setText(this.#emptyMessage, "No face in the picture.");
  }

  /** @param {string} reason why there are no faces */
  clear(reason) {
    this.show([]);
    setText(this.#emptyMessage, reason);
  }

  /** @param {number} track */
  #add(track) {
    const node = element("li", "face");
    node.dataset.track = String(track);
    const heading = element("h3");
    const name = element("span", "name");
    const score = element("span", "score");
    const zone = element("span", "zone");
    heading.append(element("span", "track", `Face ${track}`), " ", name, " ", zone, " ", score);
    const list = element("ul", "meters");
    const meters = this.#labels.map((label, index) => createMeter(label, index));
    list.append(...meters.map(({ row }) => row));
    node.append(heading, list);
    const next = [...this.#cards].filter(([other]) => other > track).map(([, card]) => card.node)[0];
    this.#list.insertBefore(node, next ?? null);
    const card = { node, name, zone, score, meters: meters.map(({ bar }) => bar) };
    this.#cards.set(track, card);
    return card;
  }

  /** @param {Card} card @param {Face} face */
  #update({ node, name, zone, score, meters }, face) {
    node.style.setProperty("--emotion", colourOf(face.emotion, this.#labels));
    setText(name, emotionName(face.emotion));
    setText(zone, face.zone ?? "");
    setText(score, face.emotion === null ? "" : percent(face.score));
    meters.forEach((bar, index) => {
      const share = face.scores?.[index] ?? 0;
      const row = /** @type {HTMLElement} */ (bar.parentElement);
      row.classList.toggle("current", this.#labels[index] === face.emotion);
      bar.style.setProperty("--share", share.toFixed(3));
      bar.setAttribute("aria-valuenow", String(Math.round(100 * share)));
      bar.setAttribute("aria-valuetext", percent(share));
      setText(/** @type {HTMLElement} */ (row.lastElementChild), percent(share));
    });
  }
}

/** @param {string} label @param {number} index */
function createMeter(label, index) {
  const row = element("li");
  row.style.setProperty("--emotion", colour(index));
  const bar = element("span", "meter");
  const attributes = { role: "meter", "aria-label": label, "aria-valuemin": "0", "aria-valuemax": "100" };
  for (const [name, value] of Object.entries(attributes)) bar.setAttribute(name, value);
  const [name, share] = [element("span", "label", label), element("span", "share")];
  for (const text of [name, share]) text.setAttribute("aria-hidden", "true"); // the meter has both
  row.append(name, bar, share);
  return { row, bar };
}
