/** The picture, or this browser's own video, with a box around each face, turned as its head is tilted. */

import { colourOf } from "./colours.js";
import { element, setText } from "./dom.js";
import { emotionWithScore } from "./format.js";

/** @typedef {import("./live_feed.js").Face} Face */
/** @typedef {[number, number, number, number]} Rect x, y, width, height as fractions of the picture */

const TAG_HEIGHT = 0.12; // of the picture; a face above this has its tag below
const RIGHT_SIDE = 0.6; // of the picture; a face with its centre beyond this has its tag aligned to its right

export class Picture {
  /** @type {string[]} */ labels = [];
  #view = /** @type {HTMLElement} */ (document.getElementById("view"));
  #canvas = /** @type {HTMLCanvasElement} */ (document.getElementById("canvas"));
  #boxes = /** @type {HTMLElement} */ (document.getElementById("boxes"));
  #context = /** @type {ImageBitmapRenderingContext} */ (this.#canvas.getContext("bitmaprenderer"));
  #clearCount = 0; // a picture decoded across a clear() is outdated
  #aspect = 1; // width / height of the picture
  /** @type {Map<number, HTMLElement>} */ #nodeOfTrack = new Map();

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
    if (!width || !height) return;
    this.#aspect = width / height;
    this.#view.style.setProperty("--aspect", String(this.#aspect));
  }

  /** @param {Face[]} faces @param {boolean} mirrored whether the picture is shown mirrored */
  drawBoxes(faces, mirrored) {
    const gone = new Set(this.#nodeOfTrack.keys());
    for (const face of faces) {
      gone.delete(face.track);
      this.#place(this.#nodeOfTrack.get(face.track) ?? this.#add(face.track), face, mirrored);
    }
    for (const track of gone) {
      this.#nodeOfTrack.get(track)?.remove();
      this.#nodeOfTrack.delete(track);
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
    const node = element("div");
    node.dataset.track = String(track);
    const bounds = element("div", "bounds");
    bounds.append(element("span", "tag"));
    node.append(element("div", "box"), bounds);
    this.#boxes.append(node);
    this.#nodeOfTrack.set(track, node);
    return node;
  }

  /** @param {HTMLElement} node @param {Face} face @param {boolean} mirrored */
  #place(node, face, mirrored) {
    const [box, bounds] = /** @type {HTMLCollectionOf<HTMLElement>} */ (node.children);
    const rect = mirror(face.angle ? face.full_box : face.box, mirrored);
    const angle = mirrored ? -face.angle : face.angle;
    place(box, rect);
    box.style.rotate = `${angle}deg`;
    const [left, top, width, height] = angle ? visibleBounds(rect, angle, this.#aspect) : rect;
    place(bounds, [left, top, width, height]);
    node.style.setProperty("--emotion", colourOf(face.emotion, this.labels));
    const isAtTop = top < TAG_HEIGHT;
    const isInside = isAtTop && top + height > 1 - TAG_HEIGHT;
    bounds.classList.toggle("tag-below", isAtTop && !isInside);
    bounds.classList.toggle("tag-inside", isInside);
    // The upper corner on the side to which the head is tilted is the one that a wide tag fits in.
    bounds.classList.toggle("tag-right", isInside && angle ? angle > 0 : left + width / 2 > RIGHT_SIDE);
    const tag = /** @type {HTMLElement} */ (bounds.firstChild);
    setText(tag, `${face.track}  ${emotionWithScore(face.emotion, face.score)}`);
  }
}

/** @param {HTMLElement} node @param {Rect} rect */
function place(node, [left, top, width, height]) {
  for (const [name, share] of Object.entries({ left, top, width, height })) {
    node.style.setProperty(name, `${100 * share}%`);
  }
}

/** @param {Rect} rect @param {boolean} mirrored @returns {Rect} */
function mirror([x, y, width, height], mirrored) {
  return [mirrored ? 1 - x - width : x, y, width, height];
}

/**
 * The part inside the picture of the upright box around a turned one.
 * @param {Rect} rect @param {number} angle degrees @param {number} aspect of the picture
 * @returns {Rect}
 */
function visibleBounds([x, y, width, height], angle, aspect) {
  const [cos, sin] = [Math.cos, Math.sin].map((f) => Math.abs(f((angle * Math.PI) / 180)));
  const halfWidth = (width * cos + (height / aspect) * sin) / 2;
  const halfHeight = (width * aspect * sin + height * cos) / 2;
  const [centreX, centreY] = [x + width / 2, y + height / 2];
  const [left, right] = [centreX - halfWidth, centreX + halfWidth].map(clampToPicture);
  const [top, bottom] = [centreY - halfHeight, centreY + halfHeight].map(clampToPicture);
  return [left, top, right - left, bottom - top];
}

/** @param {number} value */
function clampToPicture(value) {
  return Math.max(0, Math.min(value, 1));
}
