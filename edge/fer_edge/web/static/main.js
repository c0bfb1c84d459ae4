/** Connects the live feed, the browser's camera and the parts of the page. */

import { Camera } from "./camera.js";
import { setText } from "./dom.js";
import { Events } from "./events.js";
import { Faces } from "./faces.js";
import { number } from "./format.js";
import { LiveFeed } from "./live_feed.js";
import { overlayOf, showOverlay } from "./overlay.js";
import { Picture } from "./picture.js";
import { announce, announceEvent } from "./screen_reader.js";
import { Status } from "./status.js";
import { Timeline } from "./timeline.js";
import { Zones } from "./zones.js";

const OTHER_CAMERA_GRACE = 3000; // milliseconds after the first hello in which another camera may be one that just left
const PAUSE_TIMEOUT = 3000; // milliseconds until the sensor confirms a pause
const UPDATE_INTERVAL = 1000; // milliseconds

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const [pauseButton, liveStatus, notice] = ["pause", "live-status", "notice"].map(byId);
const [overlayButton, cameraControls, cameraPicker] = ["overlay-button", "camera-controls", "camera-picker"].map(byId);
const [cameraButton, cameraMessage] = ["camera", "camera-message"].map(byId);
const cameraSelect = /** @type {HTMLSelectElement} */ (byId("camera-select"));

/** @type {import("./overlay.js").PageState} */
const state = {
  connection: "connecting",
  busyReason: "",
  isBlocked: false,
  hello: null,
  status: null,
  frameAt: 0,
  camera: new Camera(update),
};
const { camera } = state;
const [picture, faces, timeline] = [new Picture(), new Faces(), new Timeline()];
const [events, status, zones] = [new Events(), new Status(), new Zones()];
const feed = new LiveFeed({ onMessage, onFrame, onClose, onFailure });

// Loaded when they are needed.
/** @type {import("./history.js").History | null} */ let history = null;
/** @type {import("./zone_editor.js").ZoneEditor | null} */ let zoneEditor = null;

let firstHelloAt = 0;
let isDecided = false; // whether it has been decided if this browser should be the camera
let shouldBeCamera = false; // unless the sensor is paused
let pausePendingUntil = 0;
let withPicture = true; // whether the server sends the picture; the browser that is the camera does not need it

/** @param {any} message @param {any} raw the same, with its numbers as the server wrote them */
function onMessage(message, raw) {
  if (message.type === "hello") onHello(message, raw);
  if (message.type === "sample") timeline.add(message);
  if (message.type === "event") {
    events.add(message.event, raw.event);
    announceEvent(message.event);
  }
  if (message.type === "status") {
    state.status = message;
    if (message.state.paused) pausePendingUntil = 0;
    status.show(message);
    update();
  }
  if (message.type === "zones") zones.show(message.zones);
  if (message.type === "busy") state.busyReason = message.error;
}

/** @param {any} message @param {any} raw */
function onHello(message, raw) {
  const hasSameLabels = state.hello?.labels.join("\n") === message.labels.join("\n");
  Object.assign(state, { connection: "open", busyReason: "", isBlocked: false });
  Object.assign(state, { hello: message, frameAt: performance.now() });
  firstHelloAt ||= performance.now();
  picture.labels = message.labels;
  zones.show(message.zones);
  if (!hasSameLabels) faces.setLabels(message.labels);
  timeline.begin(message.labels, message.now, message.samples);
  for (const [index, event] of message.events.entries()) events.add(event, raw.events[index]);
  status.begin(message);
  showHistory(message.history);
  setText(byId("device"), message.device);
  document.title = `${message.device} - fer-edge`;
  byId("logout").hidden = !message.login;
  notice.hidden = true;
}

/** Whether this browser's own video is shown; if the sensor rotates or flips it, the sensor's picture is. */
function showsOwnVideo() {
  return camera.state === "on" && !state.hello?.oriented;
}

/** @param {import("./live_feed.js").Frame} frame */
async function onFrame(frame) {
  state.frameAt = performance.now();
  if (updatePicture()) return;
  if (showsOwnVideo()) picture.drawBoxes(frame.faces, camera.isMirrored);
  else if (frame.jpeg) await picture.show(frame.jpeg, frame.faces);
  if (!updatePicture()) faces.show(frame.faces); // the state may have changed while the picture was decoded
}

function onClose() {
  state.connection = state.busyReason ? "busy" : "lost";
  update();
}

/** @param {boolean} answers */
function onFailure(answers) {
  state.isBlocked = answers;
  update();
}

/** Bring the page up to date with the state. */
function update() {
  updateCamera();
  updatePicture();
  pauseButton.setAttribute("aria-pressed", String(Boolean(state.status?.state.paused)));
  /** @type {HTMLButtonElement} */ (pauseButton).disabled = !state.status;
  cameraControls.hidden = !state.hello?.browser || !overlayButton.hidden; // the overlay's button does the same
  setText(cameraButton, camera.state === "off" ? "Start camera" : "Stop camera");
  setText(cameraMessage, camera.message);
}

/** Start or stop this browser's camera, as the user and the state of the sensor require. */
function updateCamera() {
  const { hello, status: sensor } = state;
  if (!hello || !sensor) return;
  const isAllowed = hello.browser && !sensor.state.paused && performance.now() >= pausePendingUntil;
  if (isAllowed && !isDecided) {
    isDecided = !sensor.browser || performance.now() - firstHelloAt > OTHER_CAMERA_GRACE;
    shouldBeCamera = !sensor.browser;
  }
  if (camera.state === "off" && camera.message) shouldBeCamera = false;
  if (!isAllowed && camera.state !== "off") camera.stop();
  if (isAllowed && shouldBeCamera && camera.state === "off") camera.start(cameraSelect.value);
  if (withPicture === showsOwnVideo()) {
    withPicture = !withPicture;
    picture.clear();
    feed.open(withPicture);
    listCameras();
  }
}

/**
 * Show the picture, or the overlay in its place.
 * @returns {boolean} whether there is an overlay
 */
function updatePicture() {
  const overlay = overlayOf(state);
  if (showOverlay(overlay)) announce(`${overlay?.title}. ${overlay?.detail ?? ""}`);
  const isCamera = showsOwnVideo();
  camera.video.hidden = camera.state !== "on"; // frames are taken from a video only while it is shown
  camera.video.classList.toggle("covered", !isCamera);
  camera.video.classList.toggle("mirrored", camera.isMirrored);
  zones.mirror(isCamera && camera.isMirrored);
  zoneEditor?.mirror(isCamera && camera.isMirrored);
  byId("canvas").hidden = isCamera;
  if (isCamera) picture.setShape(camera.video.videoWidth, camera.video.videoHeight);
  if (overlay) {
    picture.clear();
    faces.clear(overlay.title);
  }
  setText(liveStatus, overlay ? overlay.title : `Watching, ${number(state.status?.health?.fps, "fps", 1)}`);
  liveStatus.dataset.tone = overlay ? overlay.tone : "live";
  return Boolean(overlay);
}

/** List the cameras to choose from, if there are several. */
async function listCameras() {
  const devices = await camera.devices();
  cameraPicker.hidden = devices.length < 2;
  const options = devices.map(({ deviceId, label }, index) => new Option(label || `Camera ${index + 1}`, deviceId));
  cameraSelect.replaceChildren(...options);
  if (camera.deviceId) cameraSelect.value = camera.deviceId;
}

/** @param {boolean} paused */
async function setPaused(paused) {
  notice.hidden = true;
  pausePendingUntil = paused ? performance.now() + PAUSE_TIMEOUT : 0;
  if (paused) camera.stop(); // at once, even if the server cannot be reached
  try {
    const headers = { "Content-Type": "application/json" };
    const response = await fetch("api/pause", { method: "POST", headers, body: JSON.stringify({ paused }) });
    if (response.status === 401) return location.reload();
    if (!response.ok) throw new Error((await response.json()).error);
  } catch (error) {
    if (paused) shouldBeCamera = false;
    // fetch() rejects with a TypeError when there is no connection.
    const reason = error instanceof TypeError ? "no connection" : /** @type {Error} */ (error).message;
    setText(notice, `The sensor could not be ${paused ? "paused" : "resumed"}: ${reason}`);
    notice.hidden = false;
  }
}

/** @param {boolean} exists whether there is a history of minutes */
async function showHistory(exists) {
  if (exists && !history) history = new (await import("./history.js")).History();
  history?.begin(exists);
}

async function editZones() {
  zoneEditor ??= new (await import("./zone_editor.js")).ZoneEditor();
  updatePicture();
  zoneEditor.open();
}

function startCamera() {
  isDecided = shouldBeCamera = true;
  camera.message = "";
  update();
}

byId("zone-edit").addEventListener("click", editZones);
pauseButton.addEventListener("click", () => setPaused(pauseButton.getAttribute("aria-pressed") !== "true"));
cameraButton.addEventListener("click", () => {
  if (camera.state === "off") return startCamera();
  shouldBeCamera = false;
  camera.stop();
  overlayButton.focus(); // the button that was pressed is now hidden
});
overlayButton.addEventListener("click", () => {
  if (overlayButton.dataset.action === "resume") {
    setPaused(false);
    pauseButton.focus();
  } else {
    startCamera();
    cameraButton.focus();
  }
});
cameraSelect.addEventListener("change", () => camera.start(cameraSelect.value));
navigator.mediaDevices?.addEventListener("devicechange", listCameras);
setInterval(update, UPDATE_INTERVAL);
feed.open(withPicture);
