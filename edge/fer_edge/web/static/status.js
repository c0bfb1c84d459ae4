/** How the sensor fares. */

import { duration, element, number, write } from "./words.js";

/** @type {[string, string][]} */
const STAGES = [["find", "Find faces"], ["classify", "Classify"], ["step", "All of a frame"]];

export class Status {
  /** @type {any} */ #about = {};
  /** @type {Map<string, HTMLElement>} */ #facts = new Map();
  #list = /** @type {HTMLElement} */ (document.getElementById("facts"));
  #stages = /** @type {HTMLElement} */ (document.getElementById("stages"));

  /** @param {any} hello what runs here */
  begin(hello) {
    this.#about = hello;
  }

  /** @param {any} status */
  show(status) {
    const health = status.health ?? {};
    for (const [name, value] of Object.entries(this.#told(status, health))) this.#fact(name, value);
    this.#rows(health.stages_ms ?? {});
  }

  /** @param {any} status @param {any} health @returns {Record<string, string>} */
  #told(status, health) {
    const { model = {}, accelerator, camera, version } = this.#about;
    return {
      "Frames a second": number(health.fps, "", 1),
      "Frames": `${number(health.frames)}, ${number(health.dropped)} dropped`,
      "Camera": status.camera ? `${camera}: ${status.camera}` : String(camera),
      "Broker": broker(status.broker),
      "Outbox": `${number(health.queue)} waiting, ${number(health.lost)} lost, ${number(health.refused)} refused`,
      "Accelerator": health.accelerator ?? accelerator,
      "Temperature": health.temperature_c == null ? "not told" : number(health.temperature_c, "°C", 1),
      "Memory": number(health.rss_mb, "MB"),
      "Pace": health.degraded ? `less often: ${health.degraded}` : "full",
      "Running for": duration(health.uptime_s),
      "Watching": number(status.viewers),
      "Model": `${model.name ?? "–"} (${String(model.sha256 ?? "").slice(0, 8)})`,
      "Version": version ?? "–",
    };
  }

  /** @param {string} name @param {string} value */
  #fact(name, value) {
    write(this.#facts.get(name) ?? this.#add(name), value);
  }

  /** @param {string} name */
  #add(name) {
    const [pair, value] = [element("div"), element("dd")];
    pair.append(element("dt", "", name), value);
    this.#list.append(pair);
    this.#facts.set(name, value);
    return value;
  }

  /** @param {any} stages */
  #rows(stages) {
    const known = STAGES.filter(([stage]) => stages[stage]);
    this.#stages.hidden = !known.length;
    const rows = known.map(([stage, name]) => {
      const row = element("tr");
      const head = element("th", "", name);
      head.setAttribute("scope", "row");
      const { p50, p95 } = stages[stage];
      row.append(head, element("td", "", Number(p50).toFixed(2)), element("td", "", Number(p95).toFixed(2)));
      return row;
    });
    this.#stages.querySelector("tbody")?.replaceChildren(...rows);
  }
}

/** @param {any} known */
function broker(known) {
  if (!known) return "none";
  return known.connected ? `connected to ${known.address}` : `${known.address}: ${known.trouble || "not connected"}`;
}
