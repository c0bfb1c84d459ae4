/** Joins what the sensor tells to the parts of the page. */

import { announce, announceEvent } from "./announce.js";
import { Camera } from "./camera.js";
import { Events } from "./events.js";
import { Faces } from "./faces.js";
import { Live } from "./live.js";
import { Picture } from "./picture.js";
import { Status } from "./status.js";
import { Timeline } from "./timeline.js";
import { reason, show } from "./veil.js";
import { number, write } from "./words.js";

const GRACE = 3000; // milliseconds after the first word of the server in which another browser may be one that just left
const HELD = 3000; // milliseconds that a pause takes at most until the sensor tells of it

const find = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const [pause, pulse, notice] = ["pause", "pulse", "notice"].map(find);
const [action, controls, choice] = ["veil-action", "controls", "choice"].map(find);
const devices = /** @type {HTMLSelectElement} */ (find("devices"));

/**
 * What is known.
 * @type {import("./veil.js").Known}
 */
const known = { link: "connecting", words: "", hello: null, status: null, frameAt: 0, camera: new Camera(changed) };
const { camera } = known;
const [picture, faces, timeline, events, status] = [new Picture(), new Faces(), new Timeline(), new Events(), new Status()];
const live = new Live({ told, frame, lost });

let openedAt = 0;
let asked = false; // whether it was decided that this browser is to be the camera, or not
let wanted = false; // whether it is to be the camera while the sensor is not paused
let heldUntil = 0; // a pause is on its way
let shown = true; // whether the server sends the picture; it need not to the browser that gives it

/** @param {any} message @param {any} raw the same with numbers as they were written */
function told(message, raw) {
  if (message.type === "hello") hello(message, raw);
  if (message.type === "sample") timeline.add(message);
  if (message.type === "event") {
    events.add(message.event, raw.event);
    announceEvent(message.event);
  }
  if (message.type === "status") {
    known.status = message;
    if (message.state.paused) heldUntil = 0;
    status.show(message);
    changed();
  }
  if (message.type === "busy") known.words = message.error;
}

/** @param {any} message @param {any} raw */
function hello(message, raw) {
  const again = known.hello?.labels.join("\n") === message.labels.join("\n");
  Object.assign(known, { link: "open", words: "", hello: message, frameAt: performance.now() });
  openedAt ||= performance.now();
  picture.labels = message.labels;
  if (!again) faces.name(message.labels);
  timeline.begin(message.labels, message.now, message.samples);
  message.events.forEach((/** @type {any} */ event, /** @type {number} */ index) => events.add(event, raw.events[index]));
  status.begin(message);
  write(find("device"), message.device);
  document.title = `${message.device} - fer-edge`;
  find("logout").hidden = !message.login;
  notice.hidden = true;
}

/** @param {import("./live.js").Frame} frame */
async function frame({ jpeg, faces: seen }) {
  known.frameAt = performance.now();
  if (draw()) return;
  if (camera.state === "on") picture.mark(seen, camera.mirrored);
  else if (jpeg) await picture.show(jpeg, seen);
  if (!draw()) faces.show(seen);
}

function lost() {
  known.link = known.words ? "busy" : "lost";
  changed();
}

/** Something is another way than before. */
function changed() {
  host();
  draw();
  const paused = Boolean(known.status?.state.paused);
  pause.setAttribute("aria-pressed", String(paused));
  /** @type {HTMLButtonElement} */ (pause).disabled = !known.status;
  controls.hidden = !known.hello?.browser || !action.hidden; // what can be done stands in one place
  write(find("camera"), camera.state === "off" ? "Start camera" : "Stop camera");
  write(find("camera-words"), camera.words);
}

/** Whether this browser is the camera follows from what was wished and what the sensor does. */
function host() {
  const { hello: about, status: now } = known;
  if (!about || !now) return;
  const may = about.browser && !now.state.paused && performance.now() >= heldUntil;
  if (may && !asked) {
    asked = !now.browser || performance.now() - openedAt > GRACE;
    wanted = !now.browser;
  }
  if (camera.state === "off" && camera.words) wanted = false;
  if (!may && camera.state !== "off") camera.stop();
  if (may && wanted && camera.state === "off") camera.start(devices.value);
  if (shown !== (camera.state !== "on")) {
    shown = !shown;
    picture.blank();
    live.open(shown);
    list();
  }
}

/**
 * The picture, or what stands in its place.
 * @returns {boolean} whether there is none
 */
function draw() {
  const veil = reason(known);
  if (show(veil)) announce(`${veil?.title}. ${veil?.detail ?? ""}`);
  const own = camera.state === "on";
  camera.video.hidden = !own;
  camera.video.classList.toggle("mirrored", camera.mirrored);
  find("canvas").hidden = own;
  if (own) picture.shape(camera.video.videoWidth, camera.video.videoHeight);
  if (veil) {
    picture.blank();
    faces.clear(veil.title);
  }
  const fps = known.status?.health?.fps;
  write(pulse, veil ? veil.title : `Live, ${number(fps, "fps", 1)}`);
  pulse.dataset.tone = veil ? veil.tone : "live";
  return Boolean(veil);
}

/** The cameras to choose from, when there are several. */
async function list() {
  const all = await camera.devices();
  choice.hidden = all.length < 2;
  const options = all.map(({ deviceId, label }, index) => new Option(label || `Camera ${index + 1}`, deviceId));
  devices.replaceChildren(...options);
  if (camera.device) devices.value = camera.device;
}

/** @param {boolean} paused */
async function setPaused(paused) {
  notice.hidden = true;
  heldUntil = paused ? performance.now() + HELD : 0;
  if (paused) camera.stop(); // even if the server does not hear of it
  try {
    const body = JSON.stringify({ paused });
    const answer = await fetch("/api/pause", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) throw new Error((await answer.json()).error);
  } catch (error) {
    if (paused) wanted = false;
    write(notice, `The sensor was not ${paused ? "paused" : "resumed"}: ${/** @type {Error} */ (error).message}`);
    notice.hidden = false;
  }
}

function startCamera() {
  asked = wanted = true;
  camera.words = "";
  changed();
}

pause.addEventListener("click", () => setPaused(pause.getAttribute("aria-pressed") !== "true"));
find("camera").addEventListener("click", () => {
  if (camera.state === "off") return startCamera();
  wanted = false;
  camera.stop();
  action.focus(); // the button that was pressed is not there any more
});
action.addEventListener("click", () => {
  const next = action.dataset.action === "resume" ? pause : find("camera");
  if (next === pause) setPaused(false);
  else startCamera();
  next.focus();
});
devices.addEventListener("change", () => camera.start(devices.value));
navigator.mediaDevices?.addEventListener("devicechange", list);
setInterval(changed, 1000);
live.open(shown);
