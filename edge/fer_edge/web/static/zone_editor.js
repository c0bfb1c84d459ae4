/** Draws, names and saves zones; where they may not be saved, shows the TOML to copy. */

import { element, setText } from "./dom.js";
import { announce, announceLast } from "./screen_reader.js";
import { ZoneLayer } from "./zone_layer.js";
import { newShape, toShape, toTable, toToml } from "./zone_shapes.js";

/** @typedef {import("./zone_shapes.js").Shape} Shape */

const MAX_UNDO = 100; // steps
const MIN_CORNERS = 3; // of a polygon

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const [view, editButton, tools, list] = ["view", "zone-edit", "zone-tools", "zone-list"].map(byId);
const [message, reason, tomlSection] = ["zone-message", "zone-reason", "zone-toml-section"].map(byId);
const [saveButton, undoButton, cornerButton] = /** @type {HTMLButtonElement[]} */ (
  ["zone-save", "zone-undo", "zone-corner"].map(byId)
);
const toml = /** @type {HTMLTextAreaElement} */ (byId("zone-toml"));

export class ZoneEditor {
  /** @type {Shape[]} */ #shapes = [];
  #selected = { zone: -1, corner: -1 };
  /** @type {string[]} earlier shapes, as JSON */ #undo = [];
  #revision = "";
  #layer = new ZoneLayer({
    onBegin: () => this.#remember(),
    onChange: (text) => this.#onChange(text),
    onSelect: (zone, corner) => this.#select(zone, corner),
    onDelete: (zone, corner) => (corner < 0 ? this.#delete(zone) : this.#deleteCorner(zone, corner)),
    onDraw: (corners) => this.#add(true, corners),
  });

  constructor() {
    byId("zone-rectangle").addEventListener("click", () => this.#add(true));
    byId("zone-polygon").addEventListener("click", () => this.#add(false));
    byId("zone-cancel").addEventListener("click", () => this.#close("Zones are unchanged."));
    byId("zone-copy").addEventListener("click", copyToml);
    cornerButton.addEventListener("click", () => this.#deleteCorner(this.#selected.zone, this.#selected.corner));
    undoButton.addEventListener("click", () => this.#undoLast());
    saveButton.addEventListener("click", () => this.#save());
    tools.addEventListener("keydown", (event) => this.#onKey(event));
    view.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** @param {boolean} mirrored whether the picture is shown mirrored */
  mirror(mirrored) {
    this.#layer.mirror(mirrored);
  }

  /** Load the zones and begin to edit them. */
  async open() {
    try {
      const answer = await request("GET");
      this.#shapes = answer.zones.map(toShape);
      this.#revision = answer.revision;
      this.#undo = [];
      this.#selected = { zone: -1, corner: -1 };
      saveButton.hidden = !answer.editable;
      tomlSection.hidden = answer.editable;
      setText(reason, answer.editable ? "" : `They cannot be saved here: ${answer.reason}.`);
      setText(message, "");
      this.#show(true);
      byId("zone-rectangle").focus();
      announce(`Editing ${this.#shapes.length} zones.`);
    } catch (error) {
      this.#show(true);
      this.#fail("The zones could not be loaded", error);
    }
  }

  /** @param {string} text to announce */
  #close(text) {
    this.#show(false);
    editButton.focus();
    announce(text);
  }

  /** @param {boolean} isOpen */
  #show(isOpen) {
    view.classList.toggle("editing-zones", isOpen);
    for (const node of [tools, byId("zone-layer")]) node.hidden = !isOpen;
    editButton.hidden = isOpen;
    this.#draw();
  }

  async #save() {
    saveButton.disabled = true;
    setText(message, "");
    try {
      const body = { zones: this.#shapes.map(toTable), revision: this.#revision };
      const { zones } = await request("PUT", body);
      this.#close(`${zones.length} ${zones.length === 1 ? "zone" : "zones"} saved.`);
    } catch (error) {
      tomlSection.hidden = false; // so that nothing is lost
      this.#fail("The zones were not saved", error);
    }
    saveButton.disabled = false;
  }

  /** @param {string} what @param {unknown} error */
  #fail(what, error) {
    // fetch() rejects with a TypeError when there is no connection.
    const why = error instanceof TypeError ? "no connection" : /** @type {Error} */ (error).message;
    setText(message, `${what}: ${why}`);
  }

  /** @param {boolean} isRectangle @param {import("./zone_shapes.js").Point[]} [corners] */
  #add(isRectangle, corners) {
    this.#remember();
    const shape = newShape(isRectangle, this.#shapes);
    this.#shapes.push({ ...shape, corners: corners ?? shape.corners });
    this.#select(this.#shapes.length - 1, -1);
    if (!corners) this.#layer.focus(this.#shapes.length - 1);
    announce(`${shape.name} added. Arrow keys move it, Tab leads to its corners.`);
  }

  /** @param {number} zone */
  #delete(zone) {
    this.#remember();
    const [{ name }] = this.#shapes.splice(zone, 1);
    this.#select(-1, -1);
    byId("zone-rectangle").focus();
    announce(`${name} deleted.`);
  }

  /** @param {number} zone @param {number} corner */
  #deleteCorner(zone, corner) {
    const shape = this.#shapes[zone];
    if (!shape || corner < 0) return;
    if (shape.isRectangle || shape.corners.length <= MIN_CORNERS) {
      const kind = shape.isRectangle ? "rectangle has four" : `polygon has at least ${MIN_CORNERS}`;
      announce(`A ${kind} corners. Add one first, or delete the zone.`);
      return;
    }
    this.#remember();
    shape.corners.splice(corner, 1);
    this.#select(zone, Math.min(corner, shape.corners.length - 1));
    this.#layer.focus(zone, this.#selected.corner);
    announce(`Corner deleted, ${shape.corners.length} are left.`);
  }

  #remember() {
    this.#undo = [...this.#undo.slice(1 - MAX_UNDO), JSON.stringify(this.#shapes)];
  }

  #undoLast() {
    const last = this.#undo.pop();
    if (last === undefined) return;
    this.#shapes = JSON.parse(last);
    this.#select(-1, -1);
    announce("Undone.");
  }

  /** @param {number} zone @param {number} corner */
  #select(zone, corner) {
    this.#selected = { zone, corner };
    this.#draw();
  }

  /** @param {string} text */
  #onChange(text) {
    this.#draw();
    announceLast(text);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    this.#undoLast();
  }

  #draw() {
    const { zone, corner } = this.#selected;
    this.#layer.draw(this.#shapes, zone);
    undoButton.disabled = !this.#undo.length;
    cornerButton.disabled = corner < 0 || this.#shapes[zone]?.isRectangle;
    while (list.childElementCount > this.#shapes.length) list.lastElementChild?.remove();
    while (list.childElementCount < this.#shapes.length) list.append(this.#createRow(list.childElementCount));
    for (const [index, shape] of this.#shapes.entries()) {
      const row = list.children[index];
      row.classList.toggle("selected", index === zone);
      const [name, ignore] = row.querySelectorAll("input");
      if (name.value !== shape.name) name.value = shape.name;
      ignore.checked = shape.ignore;
      row.querySelector("button")?.setAttribute("aria-label", `Delete ${shape.name}`);
    }
    toml.value = toToml(this.#shapes.map(toTable));
  }

  /** @param {number} index */
  #createRow(index) {
    const row = element("li");
    const [name, ignore] = [document.createElement("input"), document.createElement("input")];
    name.maxLength = 64;
    name.setAttribute("aria-label", `Name of zone ${index + 1}`);
    name.addEventListener("focus", () => this.#select(index, -1));
    name.addEventListener("change", () => this.#update(index, { name: name.value.trim() }));
    ignore.type = "checkbox";
    ignore.addEventListener("change", () => this.#update(index, { ignore: ignore.checked }));
    const label = element("label");
    label.append(ignore, " Ignore");
    const button = element("button", "", "Delete");
    button.setAttribute("type", "button");
    button.addEventListener("click", () => this.#delete(index));
    row.append(name, label, button);
    return row;
  }

  /** @param {number} index @param {Partial<Shape>} values */
  #update(index, values) {
    this.#remember();
    Object.assign(this.#shapes[index], values);
    this.#draw();
  }
}

/** @param {"GET" | "PUT"} method @param {object} [content] @returns {Promise<any>} */
async function request(method, content) {
  const headers = { "Content-Type": "application/json" };
  const options = content ? { method, headers, body: JSON.stringify(content) } : { method };
  const response = await fetch("api/zones", options);
  if (response.status === 401) location.reload();
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

async function copyToml() {
  toml.select();
  try {
    await navigator.clipboard.writeText(toml.value);
  } catch {
    document.execCommand("copy"); // over plain HTTP there is no navigator.clipboard
  }
  announce("Copied.");
}
