/** The overlay: why there is no picture, and what to do about it. */

import { setText } from "./dom.js";

const STALE_AFTER = 5000; // milliseconds without a frame after which the picture is no longer shown

const BLOCKED =
  "The sensor answers, but the WebSocket is refused. A proxy must pass on the headers Host, Upgrade and Connection.";

/**
 * @typedef {object} PageState
 * @property {"connecting" | "open" | "lost" | "busy"} connection
 * @property {string} busyReason why the server refused the connection
 * @property {boolean} isBlocked whether the server answers requests, but no WebSocket
 * @property {any} hello the server's first message
 * @property {any} status its last status
 * @property {number} frameAt when the last frame arrived, on the page's clock, milliseconds
 * @property {import("./camera.js").Camera} camera
 *
 * @typedef {object} Overlay
 * @property {string} title
 * @property {string} [detail]
 * @property {"wait" | "paused" | "bad"} tone
 * @property {"resume" | "start"} [action] what the button does
 * @property {boolean} [translucent] whether the user's own video remains visible behind it
 */

/** @type {Record<string, string>} */
const BUTTON_TEXTS = { resume: "Resume", start: "Start camera" };
const view = /** @type {HTMLElement} */ (document.getElementById("view"));
const [title, detail, button] = ["overlay-title", "overlay-detail", "overlay-button"].map(
  (id) => /** @type {HTMLElement} */ (document.getElementById(id)),
);

/**
 * The overlay that belongs to a state; null when there is a picture.
 * @param {PageState} state
 * @returns {Overlay | null}
 */
export function overlayOf({ connection, busyReason, isBlocked, hello, status, frameAt, camera }) {
  const isCamera = camera.state === "on";
  if (connection === "busy") return { title: "Too many viewers", detail: busyReason, tone: "bad" };
  if (connection === "lost") {
    const detail = isBlocked ? BLOCKED : "Reconnecting.";
    return { title: "Connection lost", detail, tone: "bad", translucent: isCamera };
  }
  if (!hello || !status) return { title: "Connecting", tone: "wait" };
  if (status.state.paused) return { title: "Paused", detail: "The camera is off.", tone: "paused", action: "resume" };
  if (hello.browser && !isCamera && !status.browser) return noCamera(camera);
  if (isCamera) return camera.video.videoWidth ? null : { title: "Starting the camera", tone: "wait" };
  if (status.camera) return { title: "Camera problem", detail: status.camera, tone: "bad" };
  if (document.hidden || performance.now() - frameAt < STALE_AFTER) return null;
  return { title: "No picture", detail: "Waiting for the camera.", tone: "wait" };
}

/** @param {import("./camera.js").Camera} camera @returns {Overlay} */
function noCamera({ state, message }) {
  if (state === "asking") {
    return { title: "Allow the camera?", detail: "Your browser is asking for permission.", tone: "wait" };
  }
  const why = message || "This sensor uses the camera of a browser.";
  return { title: "No camera", detail: why, tone: "bad", action: "start" };
}

/**
 * @param {Overlay | null} overlay
 * @returns {boolean} whether its title is new
 */
export function showOverlay(overlay) {
  const isNew = Boolean(overlay) && title.textContent !== overlay?.title;
  view.dataset.overlay = overlay ? (overlay.translucent ? "translucent" : "opaque") : "";
  setText(title, overlay?.title ?? "");
  setText(detail, overlay?.detail ?? "");
  button.hidden = !overlay?.action;
  if (overlay?.action) {
    button.dataset.action = overlay.action;
    setText(button, BUTTON_TEXTS[overlay.action]);
  }
  return isNew;
}
