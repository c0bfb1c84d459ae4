/** The picture, or this browser's own video, with a box around each face. */

import { colour } from "./colours.js";
import { element, setText } from "./dom.js";
import { percent } from "./format.js";

/** @typedef {import("./live_feed.js").Face} Face */

const TAG_HEIGHT = 0.12; // of the picture; a box above this has its tag below
const RIGHT_SIDE = 0.6; // of the picture; a box with its centre beyond this has its tag aligned to its right

export class Picture {
  /** @type {string[]} */ labels = [];
  #view = /** @type {HTMLElement} */ (document.getElementById("view"));
  #canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("canvas"));
  #boxes = /** @type {HTMLElement} */ (document.getElementById("boxes"));
  #context = /** @type {ImageBitmapRenderingContext} */ (this.#canvas.getContext("bitmaprenderer"));
  #clearCount = 0; // a picture decoded across a clear() is outdated
  /** @type {Map<number, HTMLElement>} */ #boxOfTrack = new Map();

  /**
   * Show a frame. A picture that cannot be decoded is skipped.
   * @param {Blob} jpeg @param {Face[]} faces
   */
  async show(jpeg, faces) {
    const clearCount = this.#clearCount;
    const bitmap = await createImageBitmap(jpeg).catch(() => null);
    if (!bitmap || clearCount !== this.#clearCount) return;
    this.setShape(bitmap.width, bitmap.height);
    this.#context.transferFromImageBitmap(bitmap);
    this.drawBoxes(faces, false);
  }

  /**
   * Give the view the aspect ratio of the picture.
   * @param {number} width @param {number} height
   */
  setShape(width, height) {
    if (width && height) this.#view.style.setProperty("--aspect", String(width / height));
  }

  /** @param {Face[]} faces @param {boolean} mirrored whether the picture is shown mirrored */
  drawBoxes(faces, mirrored) {
    const gone = new Set(this.#boxOfTrack.keys());
    for (const face of faces) {
      gone.delete(face.track);
      this.#place(this.#boxOfTrack.get(face.track) ?? this.#add(face.track), face, mirrored);
    }
    for (const track of gone) {
      this.#boxOfTrack.get(track)?.remove();
      this.#boxOfTrack.delete(track);
    }
  }

  /** Remove picture and boxes. */
  clear() {
    this.#clearCount += 1;
    this.#context.transferFromImageBitmap(null);
    this.drawBoxes([], false);
  }

  /** @param {number} track */
  #add(track) {
    const box = element("div", "box");
    box.dataset.track = String(track);
    box.append(element("span", "tag"));
    this.#boxes.append(box);
    this.#boxOfTrack.set(track, box);
    return box;
  }

  /** @param {HTMLElement} box @param {Face} face @param {boolean} mirrored */
  #place(box, face, mirrored) {
    const [x, y, width, height] = face.box;
    const left = mirrored ? 1 - x - width : x;
    for (const [name, share] of Object.entries({ left, top: y, width, height })) {
      box.style.setProperty(name, `${100 * share}%`);
    }
    box.style.setProperty("--emotion", colour(this.labels.indexOf(face.emotion)));
    box.classList.toggle("tag-below", y < TAG_HEIGHT);
    box.classList.toggle("tag-right", left + width / 2 > RIGHT_SIDE);
    setText(/** @type {HTMLElement} */ (box.firstChild), `${face.track}  ${face.emotion} ${percent(face.score)}`);
  }
}
