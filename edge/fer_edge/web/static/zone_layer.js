/** Zones that are being edited, over the picture: drawn, moved and resized with pointer and keyboard. */

import { element } from "./dom.js";
import { addCorner, clamp, middle, moveCorner, moveShape, rectangle, tidy } from "./zone_shapes.js";

/**
 * @typedef {import("./zone_shapes.js").Shape} Shape
 * @typedef {import("./zone_shapes.js").Point} Point
 *
 * @typedef {object} Handlers
 * @property {() => void} onBegin before a zone is changed
 * @property {(text: string) => void} onChange after each change, with a description
 * @property {(index: number, corner: number) => void} onSelect a zone, and one of its corners; -1 for none
 * @property {(index: number, corner: number) => void} onDelete a zone (corner -1), or a corner of it
 * @property {(corners: Point[]) => void} onDraw a new rectangle was drawn
 *
 * @typedef {{ index: number, corner: number, from: Point, isNew: boolean, hasMoved: boolean }} Drag a corner of a zone,
 * or all of it (corner -1), or a new rectangle
 */

const SVG = "http://www.w3.org/2000/svg";
const STEP = 0.01; // of the picture, for an arrow key
const LARGE_STEP = 0.05; // with Shift
const MIN_SIZE = 0.02; // of the picture; what is drawn smaller than this was a tap
/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class ZoneLayer {
  /** @type {Shape[]} */ #shapes = [];
  #selected = -1;
  #mirrored = false;
  #hasAdded = false; // a corner, when a pointer was pressed: the click that follows adds no other one
  /** @type {Drag | null} */ #drag = null;
  /** @type {Handlers} */ #handlers;
  #layer = /** @type {HTMLElement} */ (document.getElementById("zone-layer"));

  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
    this.#layer.addEventListener("pointerdown", (event) => this.#begin(event));
    this.#layer.addEventListener("pointermove", (event) => this.#move(event));
    this.#layer.addEventListener("pointerup", () => this.#end());
    this.#layer.addEventListener("pointercancel", () => this.#end());
    this.#layer.addEventListener("keydown", (event) => this.#onKey(event));
    this.#layer.addEventListener("focusin", ({ target }) => this.#onFocus(/** @type {HTMLElement} */ (target)));
    this.#layer.addEventListener("click", (event) => this.#onClick(event));
  }

  /** @param {boolean} mirrored whether the picture is shown mirrored */
  mirror(mirrored) {
    if (mirrored === this.#mirrored) return;
    this.#mirrored = mirrored;
    this.draw(this.#shapes, this.#selected);
  }

  /** Draw the zones; the selected one has handles. @param {Shape[]} shapes @param {number} selected */
  draw(shapes, selected) {
    this.#shapes = shapes;
    this.#selected = selected;
    resize(this.#layer, shapes.length, createZone);
    for (const [index, shape] of shapes.entries()) {
      const node = /** @type {HTMLElement} */ (this.#layer.children[index]);
      node.dataset.zone = String(index);
      node.classList.toggle("selected", index === selected);
      this.#drawOutline(node, shape);
      this.#drawHandles(node, shape, index === selected);
    }
  }

  /** Focus a zone, or a corner of it. @param {number} index @param {number} [corner] */
  focus(index, corner = -1) {
    const selector = corner < 0 ? "polygon" : `[data-corner="${corner}"]`;
    /** @type {HTMLElement | null} */ (this.#layer.children[index]?.querySelector(selector))?.focus();
  }

  /** @param {HTMLElement} node @param {Shape} shape */
  #drawOutline(node, shape) {
    const polygon = /** @type {SVGElement} */ (node.querySelector("polygon"));
    polygon.setAttribute("points", shape.corners.map((corner) => this.#mirrorPoint(corner).join(",")).join(" "));
    polygon.setAttribute("aria-label", `Zone ${shape.name}, ${describeShape(shape)}`);
    polygon.classList.toggle("ignored", shape.ignore);
  }

  /** @param {HTMLElement} node @param {Shape} shape @param {boolean} isSelected */
  #drawHandles(node, shape, isSelected) {
    const [corners, edges] = /** @type {HTMLElement[]} */ ([node.children[1], node.children[2]]);
    const count = isSelected ? shape.corners.length : 0;
    for (const list of [corners, edges]) resize(list, count, createHandle);
    for (let index = 0; index < count; index += 1) {
      const [corner, edge] = [corners.children[index], edges.children[index]];
      this.#place(corner, "corner", index, shape.corners[index]);
      corner.setAttribute("aria-label", `${shape.name}, ${describeCorner(shape, index)}`);
      this.#place(edge, "edge", index, middle(shape, index));
      edge.setAttribute("aria-label", `Add a corner to ${shape.name} after corner ${index + 1}`);
    }
  }

  /** @param {Element} handle @param {string} kind @param {number} index @param {Point} point */
  #place(handle, kind, index, point) {
    const [x, y] = this.#mirrorPoint(point);
    const node = /** @type {HTMLElement} */ (handle);
    node.className = kind;
    node.dataset[kind] = String(index);
    node.style.setProperty("left", `${100 * x}%`);
    node.style.setProperty("top", `${100 * y}%`);
  }

  /** @param {Point} point @returns {Point} */
  #mirrorPoint([x, y]) {
    return [this.#mirrored ? 1 - x : x, y];
  }

  /** The point of the picture under a pointer. @param {PointerEvent} event @returns {Point} */
  #pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.#layer.getBoundingClientRect();
    return this.#mirrorPoint(clamp([(clientX - left) / width, (clientY - top) / height]));
  }

  /** @param {PointerEvent} event */
  #begin(event) {
    if (this.#drag || event.button !== 0) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const { index, corner, edge } = partOf(target);
    event.preventDefault();
    this.#layer.setPointerCapture(event.pointerId);
    this.#hasAdded = edge >= 0;
    if (edge >= 0) {
      this.#addCorner(index, edge);
      this.#drag = { index, corner: edge + 1, from: this.#pointOf(event), isNew: false, hasMoved: true };
      return;
    }
    this.#drag = { index, corner, from: this.#pointOf(event), isNew: index < 0, hasMoved: false };
    this.#handlers.onSelect(index, corner);
    if (index >= 0) this.focus(index, corner);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const drag = this.#drag;
    if (!drag) return;
    const point = this.#pointOf(event);
    const [dx, dy] = [point[0] - drag.from[0], point[1] - drag.from[1]];
    if (drag.isNew && !drag.hasMoved && Math.max(Math.abs(dx), Math.abs(dy)) < MIN_SIZE) return;
    if (drag.isNew) {
      const corners = rectangle(drag.from, point);
      if (!drag.hasMoved) this.#handlers.onDraw(corners);
      drag.hasMoved = true;
      drag.index = this.#selected;
      this.#shapes[drag.index].corners = corners;
    } else {
      if (!drag.hasMoved) this.#handlers.onBegin();
      drag.hasMoved = true;
      const shape = this.#shapes[drag.index];
      if (drag.corner >= 0) moveCorner(shape, drag.corner, point);
      else moveShape(shape, dx, dy);
      drag.from = point;
    }
    this.draw(this.#shapes, drag.index);
  }

  #end() {
    const drag = this.#drag;
    this.#drag = null;
    if (drag?.hasMoved) this.#finishChange(drag.index, drag.corner);
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const { index, edge } = partOf(/** @type {HTMLElement} */ (event.target));
    if (edge >= 0 && !this.#hasAdded) this.#addCorner(index, edge);
    this.#hasAdded = false;
  }

  /** Add a corner after one, and focus it. @param {number} index @param {number} edge */
  #addCorner(index, edge) {
    this.#handlers.onBegin();
    addCorner(this.#shapes[index], edge);
    this.#finishChange(index, edge + 1);
    this.#handlers.onSelect(index, edge + 1);
    this.focus(index, edge + 1);
  }

  /** @param {HTMLElement} target */
  #onFocus(target) {
    const { index, corner } = partOf(target);
    if (index >= 0 && !this.#drag) this.#handlers.onSelect(index, corner);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    this.#hasAdded = false;
    const { index, corner, edge } = partOf(/** @type {HTMLElement} */ (event.target));
    if (index < 0 || edge >= 0) return;
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      this.#handlers.onDelete(index, corner);
    }
    const arrow = ARROWS[event.key];
    if (!arrow) return;
    event.preventDefault();
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const [dx, dy] = [(this.#mirrored ? -1 : 1) * step * arrow[0], step * arrow[1]];
    const shape = this.#shapes[index];
    this.#handlers.onBegin();
    if (corner < 0) moveShape(shape, dx, dy);
    else moveCorner(shape, corner, [shape.corners[corner][0] + dx, shape.corners[corner][1] + dy]);
    this.#finishChange(index, corner);
  }

  /** @param {number} index @param {number} corner that was changed; -1 for all of the zone */
  #finishChange(index, corner) {
    const shape = this.#shapes[index];
    const text = corner < 0 ? describeShape(shape) : describeCorner(shape, corner);
    tidy(shape);
    this.draw(this.#shapes, index);
    this.#handlers.onChange(`${shape.name}: ${text}.`);
  }
}

/** Give a node so many children. @param {Element} node @param {number} count @param {() => Element} create */
function resize(node, count, create) {
  while (node.childElementCount > count) node.lastElementChild?.remove();
  while (node.childElementCount < count) node.append(create());
}

function createZone() {
  const node = element("div", "zone-edit");
  const outline = document.createElementNS(SVG, "svg");
  const polygon = document.createElementNS(SVG, "polygon");
  outline.setAttribute("viewBox", "0 0 1 1");
  outline.setAttribute("preserveAspectRatio", "none");
  const attributes = { tabindex: "0", role: "button", "aria-describedby": "zone-help" };
  for (const [name, value] of Object.entries(attributes)) polygon.setAttribute(name, value);
  outline.append(polygon);
  node.append(outline, element("div"), element("div"));
  return node;
}

function createHandle() {
  const handle = element("button");
  handle.setAttribute("type", "button");
  return handle;
}

/** The zone, corner and edge that an element stands for; -1 for none. @param {HTMLElement} target */
function partOf(target) {
  const isInZone = target.matches("polygon, [data-corner], [data-edge]");
  const zone = /** @type {HTMLElement | null} */ (isInZone ? target.closest("[data-zone]") : null);
  const number = (/** @type {string | undefined} */ text) => (zone && text !== undefined ? Number(text) : -1);
  const { corner, edge } = target.dataset;
  return { index: number(zone?.dataset.zone), corner: number(corner), edge: number(edge) };
}

/** @param {Shape} shape */
function describeShape({ corners, isRectangle }) {
  const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
  const kind = isRectangle ? "rectangle" : `polygon of ${corners.length} corners`;
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)].map(percents);
  return `${kind} from ${left} to ${right} across and ${top} to ${bottom} down`;
}

/** @param {Shape} shape @param {number} index */
function describeCorner({ corners }, index) {
  const [x, y] = corners[index].map(percents);
  return `corner ${index + 1} of ${corners.length} at ${x} across and ${y} down`;
}

/** @param {number} share */
function percents(share) {
  return `${Math.round(1000 * share) / 10} %`;
}
