/** Lets a chart be read as text at a point in time: by pointing at it, by a tap, or with the arrow keys. */

import { setText } from "./dom.js";

const PAGE = 10; // steps, for Page Up and Page Down

/**
 * @typedef {object} Chart
 * @property {HTMLElement} area what is pointed at; also a slider for the keyboard
 * @property {HTMLElement} line marks the point in time in the area
 * @property {HTMLElement} detail where the text appears
 * @property {number} count of the steps in the area, from left to right
 * @property {(step: number) => string} describe a step
 */

export class ChartCursor {
  /** @type {Chart} */ #chart;
  #step = -1; // -1 for none

  /** @param {Chart} chart */
  constructor(chart) {
    this.#chart = chart;
    const { area, count } = chart;
    const attributes = { role: "slider", tabindex: "0", "aria-valuemin": "1", "aria-valuemax": String(count) };
    for (const [name, value] of Object.entries(attributes)) area.setAttribute(name, value);
    area.addEventListener("pointermove", (event) => this.#point(event));
    area.addEventListener("pointerdown", (event) => this.#point(event));
    area.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse" && document.activeElement !== area) this.#show(-1);
    });
    area.addEventListener("keydown", (event) => this.#onKey(event));
    area.addEventListener("focus", () => this.#show(this.#step < 0 ? count - 1 : this.#step));
    area.addEventListener("blur", () => this.#show(-1));
    this.#show(-1);
  }

  /** Describe the step again, after the chart has changed. */
  update() {
    this.#show(this.#step);
  }

  /** @param {PointerEvent} event */
  #point({ clientX }) {
    const { left, width } = this.#chart.area.getBoundingClientRect();
    this.#show(Math.floor(((clientX - left) / width) * this.#chart.count));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const last = this.#chart.count - 1;
    /** @type {Record<string, number>} */
    const targets = {
      ArrowLeft: this.#step - 1,
      ArrowDown: this.#step - 1,
      ArrowRight: this.#step + 1,
      ArrowUp: this.#step + 1,
      PageUp: this.#step + PAGE,
      PageDown: this.#step - PAGE,
      Home: 0,
      End: last,
    };
    if (!(event.key in targets)) return;
    event.preventDefault();
    this.#show(Math.max(0, targets[event.key]));
  }

  /** @param {number} step */
  #show(step) {
    const { area, line, detail, count, describe } = this.#chart;
    this.#step = Math.min(step, count - 1);
    const shown = this.#step < 0 ? count - 1 : this.#step;
    const text = describe(shown);
    area.setAttribute("aria-valuenow", String(shown + 1));
    area.setAttribute("aria-valuetext", text);
    line.hidden = this.#step < 0;
    line.style.setProperty("left", `${(100 * (this.#step + 0.5)) / count}%`);
    setText(detail, this.#step < 0 ? "" : text);
  }
}
