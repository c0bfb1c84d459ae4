/** The picture, or the own video, and the boxes on it. */

import { colour } from "./colours.js";
import { element, percent, write } from "./words.js";

/** @typedef {import("./live.js").Face} Face */

export class Picture {
  /** @type {string[]} */ labels = [];
  #stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
  #canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("canvas"));
  #boxes = /** @type {HTMLElement} */ (document.getElementById("boxes"));
  #context = /** @type {ImageBitmapRenderingContext} */ (this.#canvas.getContext("bitmaprenderer"));
  #blanked = 0; // how often, to know of a picture that it comes too late
  /** @type {Map<number, HTMLElement>} */ #known = new Map();

  /**
   * One that is no picture is passed over.
   * @param {Blob} jpeg @param {Face[]} faces
   */
  async show(jpeg, faces) {
    const blanked = this.#blanked;
    const bitmap = await createImageBitmap(jpeg).catch(() => null);
    if (!bitmap || blanked !== this.#blanked) return;
    this.shape(bitmap.width, bitmap.height);
    this.#context.transferFromImageBitmap(bitmap);
    this.mark(faces, false);
  }

  /**
   * The stage takes the shape of what is on it.
   * @param {number} width @param {number} height
   */
  shape(width, height) {
    if (width && height) this.#stage.style.setProperty("--aspect", String(width / height));
  }

  /** @param {Face[]} faces @param {boolean} mirrored whether left is shown on the right */
  mark(faces, mirrored) {
    const gone = new Set(this.#known.keys());
    for (const face of faces) {
      gone.delete(face.track);
      this.#place(this.#known.get(face.track) ?? this.#add(face.track), face, mirrored);
    }
    for (const track of gone) {
      this.#known.get(track)?.remove();
      this.#known.delete(track);
    }
  }

  /** Nothing is left of what was to be seen. */
  blank() {
    this.#blanked += 1;
    this.#context.transferFromImageBitmap(null);
    this.mark([], false);
  }

  /** @param {number} track */
  #add(track) {
    const box = element("div", "box");
    box.dataset.track = String(track);
    box.append(element("span", "tag"));
    this.#boxes.append(box);
    this.#known.set(track, box);
    return box;
  }

  /** @param {HTMLElement} box @param {Face} face @param {boolean} mirrored */
  #place(box, face, mirrored) {
    const [x, y, w, h] = face.box;
    const left = mirrored ? 1 - x - w : x;
    const place = { left, top: y, width: w, height: h };
    for (const [name, share] of Object.entries(place)) box.style.setProperty(name, `${100 * share}%`);
    box.style.setProperty("--emotion", colour(this.labels.indexOf(face.emotion)));
    box.classList.toggle("low", y < 0.12); // no room for the tag above it
    box.classList.toggle("right", left + w / 2 > 0.6);
    write(/** @type {HTMLElement} */ (box.firstChild), `${face.track}  ${face.emotion} ${percent(face.score)}`);
  }
}
