/** What stands in place of the picture when there is none. */

import { write } from "./words.js";

const STALE = 5000; // milliseconds after which a picture is one of the past

/**
 * @typedef {object} Known
 * @property {"connecting" | "open" | "lost" | "busy"} link
 * @property {string} words why it is busy
 * @property {any} hello
 * @property {any} status
 * @property {number} frameAt when the last frame came, on the page's clock, milliseconds
 * @property {import("./camera.js").Camera} camera
 *
 * @typedef {object} Veil
 * @property {string} title
 * @property {string} [detail]
 * @property {"wait" | "paused" | "bad"} tone
 * @property {"resume" | "start"} [action] what the button does
 * @property {boolean} [sheer] whether the own video may be seen through it
 */

/** @type {Record<string, string>} */
const ACTIONS = { resume: "Resume", start: "Start camera" };
const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
const [title, detail, action] = ["veil-title", "veil-detail", "veil-action"].map(
  (id) => /** @type {HTMLElement} */ (document.getElementById(id)),
);

/**
 * Why there is no picture; null when there is one.
 * @param {Known} known
 * @returns {Veil | null}
 */
export function reason({ link, words, hello, status, frameAt, camera }) {
  const own = camera.state === "on";
  if (link === "busy") return { title: "No place left", detail: words, tone: "bad" };
  if (link === "lost") return { title: "Connection lost", detail: "Trying again.", tone: "bad", sheer: own };
  if (!hello || !status) return { title: "Connecting", tone: "wait" };
  if (status.state.paused) return { title: "Paused", detail: "The camera is off.", tone: "paused", action: "resume" };
  if (hello.browser && !own && !status.browser) return withoutCamera(camera);
  if (own) return camera.video.videoWidth ? null : { title: "Starting the camera", tone: "wait" };
  if (status.camera) return { title: "Camera trouble", detail: status.camera, tone: "bad" };
  if (document.hidden || performance.now() - frameAt < STALE) return null;
  return { title: "No picture", detail: "Waiting for the camera.", tone: "wait" };
}

/** @param {import("./camera.js").Camera} camera @returns {Veil} */
function withoutCamera({ state, words }) {
  if (state === "asking") return { title: "May this page use your camera?", detail: "Your browser asks you.", tone: "wait" };
  const why = words || "This sensor sees through the camera of a browser.";
  return { title: "No camera", detail: why, tone: "bad", action: "start" };
}

/**
 * @param {Veil | null} veil
 * @returns {boolean} whether words stand there that were not there before
 */
export function show(veil) {
  const news = Boolean(veil) && title.textContent !== veil?.title;
  stage.dataset.veil = veil ? (veil.sheer ? "sheer" : "full") : "";
  write(title, veil?.title ?? "");
  write(detail, veil?.detail ?? "");
  action.hidden = !veil?.action;
  if (veil?.action) {
    action.dataset.action = veil.action;
    write(action, ACTIONS[veil.action]);
  }
  return news;
}
