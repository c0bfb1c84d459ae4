/** The health of the sensor: facts, and the milliseconds of each stage. */

import { element, setText } from "./dom.js";
import { duration, number } from "./format.js";

/** @type {[string, string][]} */
const STAGES = [["find", "Detect faces"], ["classify", "Classify"], ["step", "Whole frame"]];

export class Status {
  /** @type {any} */ #hello = {};
  /** @type {Map<string, HTMLElement>} */ #facts = new Map();
  #list = /** @type {HTMLElement} */ (document.getElementById("facts"));
  #stages = /** @type {HTMLElement} */ (document.getElementById("stages"));

  /** @param {any} hello the server's first message */
  begin(hello) {
    this.#hello = hello;
  }

  /** @param {any} status */
  show(status) {
    const health = status.health ?? {};
    for (const [name, value] of Object.entries(this.#describe(status, health))) this.#showFact(name, value);
    this.#showStages(health.stages_ms ?? {});
  }

  /** @param {any} status @param {any} health @returns {Record<string, string>} */
  #describe(status, health) {
    const { model = {}, accelerator, camera, version } = this.#hello;
    return {
      "Frame rate": number(health.fps, "fps", 1),
      "Frames": `${number(health.frames)}, ${number(health.dropped)} dropped`,
      "Camera": status.camera ? `${camera}: ${status.camera}` : String(camera),
      "Broker": describeBroker(status.broker),
      "Outbox": `${number(health.queue)} waiting, ${number(health.lost)} lost, ${number(health.refused)} refused`,
      "Accelerator": health.accelerator ?? accelerator,
      "Temperature": health.temperature_c == null ? "unknown" : number(health.temperature_c, "°C", 1),
      "Memory": number(health.rss_mb, "MB"),
      "Processing": health.degraded ? `reduced: ${health.degraded}` : "full rate",
      "Uptime": duration(health.uptime_s),
      "Viewers": number(status.viewers),
      "Model": `${model.name ?? "–"} (${String(model.sha256 ?? "").slice(0, 8)})`,
      "Version": version ?? "–",
    };
  }

  /** @param {string} name @param {string} value */
  #showFact(name, value) {
    setText(this.#facts.get(name) ?? this.#addFact(name), value);
  }

  /** @param {string} name */
  #addFact(name) {
    const [pair, value] = [element("div"), element("dd")];
    pair.append(element("dt", "", name), value);
    this.#list.append(pair);
    this.#facts.set(name, value);
    return value;
  }

  /** @param {any} milliseconds p50 and p95 of each stage */
  #showStages(milliseconds) {
    const measured = STAGES.filter(([stage]) => milliseconds[stage]);
    this.#stages.hidden = !measured.length;
    const rows = measured.map(([stage, name]) => {
      const row = element("tr");
      const header = element("th", "", name);
      header.setAttribute("scope", "row");
      const { p50, p95 } = milliseconds[stage];
      row.append(header, element("td", "", Number(p50).toFixed(2)), element("td", "", Number(p95).toFixed(2)));
      return row;
    });
    this.#stages.querySelector("tbody")?.replaceChildren(...rows);
  }
}

/** @param {any} broker */
function describeBroker(broker) {
  if (!broker) return "none";
  if (broker.connected) return `connected to ${broker.address}`;
  return `${broker.address}: ${broker.trouble || "not connected"}`;
}
