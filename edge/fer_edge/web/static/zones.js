/** The zones over the picture: their outlines and names; ignored ones are dimmed. */

import { element } from "./dom.js";

/**
 * @typedef {object} Zone
 * @property {string} name
 * @property {[number, number][]} polygon x and y of its corners as fractions of the picture
 * @property {boolean} ignore whether faces in it are neither searched for nor reported
 */

const SVG = "http://www.w3.org/2000/svg";

export class Zones {
  /** @type {Zone[]} */ #zones = [];
  #mirrored = false;
  #outlines = /** @type {Element} */ (document.getElementById("zone-outlines"));
  #names = /** @type {HTMLElement} */ (document.getElementById("zone-names"));

  /** @param {Zone[]} zones */
  show(zones) {
    this.#zones = zones;
    this.#draw();
  }

  /** @param {boolean} mirrored whether the picture is shown mirrored */
  mirror(mirrored) {
    if (mirrored === this.#mirrored) return;
    this.#mirrored = mirrored;
    this.#draw();
  }

  #draw() {
    const corners = this.#zones.map(({ polygon }) => polygon.map(([x, y]) => [this.#mirrored ? 1 - x : x, y]));
    this.#outlines.replaceChildren(...this.#zones.map(({ ignore }, index) => outline(corners[index], ignore)));
    this.#names.replaceChildren(...this.#zones.map(({ name, ignore }, index) => label(name, corners[index], ignore)));
  }
}

/** @param {number[][]} corners @param {boolean} ignored */
function outline(corners, ignored) {
  const polygon = document.createElementNS(SVG, "polygon");
  polygon.setAttribute("points", corners.map((corner) => corner.join(",")).join(" "));
  polygon.classList.toggle("ignored", ignored);
  return polygon;
}

/** @param {string} name @param {number[][]} corners @param {boolean} ignored */
function label(name, corners, ignored) {
  const node = element("span", ignored ? "zone-name ignored" : "zone-name", name);
  const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  for (const [property, share] of Object.entries({ left, top, "max-width": Math.max(...xs) - left })) {
    node.style.setProperty(property, `${100 * share}%`);
  }
  return node;
}
